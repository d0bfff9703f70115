import io
import logging

import pytest
import torch
from attention_values import (
    assert_near,
    draw,
    exact,
    plain_attention,
    values_and_gradients,
)
from torch.utils._python_dispatch import TorchDispatchMode

from mmccam.models import NonLocalBlock
from mmccam.models.layers import non_local as attention
from mmccam.models.layers.non_local import attend, chunked_attention, fused_attention

# Images, queries, channels of queries and values; 128 queries are a chunk.
SIZES = [(1, 1, 1, 1), (3, 5, 2, 7), (1, 131, 3, 10), (5, 257, 16, 128)]
FORMS = [chunked_attention, fused_attention]


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('form', FORMS)
def test_values_and_gradients_are_those_of_the_plain_form(form, size):
    *inputs, gradient = draw(size)
    expected = exact(inputs, gradient)
    assert_near(values_and_gradients(form, inputs, gradient), expected, 1e-5)
    # As a block passes maps (N, C, h, w), and as a sum passes its gradient.
    inputs = [x.mT.contiguous().mT for x in inputs]
    gradient = gradient.mean().expand(gradient.shape)
    expected = exact(inputs, gradient)
    assert_near(values_and_gradients(form, inputs, gradient), expected, 1e-5)


# Half precision keeps 8 or 11 binary digits; each result is a sum of such products.
@pytest.mark.parametrize(
    ('dtype', 'tolerance'), [(torch.bfloat16, 2**-6), (torch.float16, 2**-9)]
)
@pytest.mark.parametrize('form', FORMS)
def test_half_precision_is_near_the_plain_form(form, dtype, tolerance):
    *inputs, gradient = draw((3, 131, 16, 24), dtype)
    found = values_and_gradients(form, inputs, gradient)
    assert {x.dtype for x in found} == {dtype}
    assert_near(found, exact(inputs, gradient), tolerance)


def test_the_softmax_has_single_precision_under_autocast():
    # Products of 160 and 160.5, which bfloat16 cannot tell apart: the second weighs
    # 1 / (1 + exp(-0.5)) = 0.6225.
    query = torch.tensor([[[1.0, 1.0], [1.0, 1.0]]], dtype=torch.bfloat16)
    key = torch.tensor([[[160.0, 0.0], [160.0, 0.5]]], dtype=torch.bfloat16)
    value = torch.tensor([[[0.0], [1.0]]], dtype=torch.bfloat16)
    with torch.autocast('cpu', torch.bfloat16):
        out = chunked_attention(query, key, value)
    assert out[0, 0].item() == pytest.approx(0.6225, rel=2**-8)


@pytest.mark.parametrize('form', FORMS)
def test_gradients_of_float16_do_not_overflow(form):
    *inputs, gradient = draw((1, 5, 4, 64), torch.float16)
    found = values_and_gradients(form, inputs, 8192 * gradient)
    assert all(x.isfinite().all() for x in found)


class LargestTensor(TorchDispatchMode):
    """Note the number of elements of the largest tensor that is made."""

    numel = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for x in out if isinstance(out, (tuple, list)) else [out]:
            if isinstance(x, torch.Tensor):
                self.numel = max(self.numel, x.numel())
        return out


@pytest.mark.parametrize('form', [attend, fused_attention])
def test_the_products_of_all_queries_and_keys_are_never_made(form):
    *inputs, gradient = draw((1, 1600, 4, 16))
    with LargestTensor() as largest:
        values_and_gradients(form, inputs, gradient)
    assert largest.numel <= 2 * 128 * 1600  # two chunks; all would be 1600 * 1600


def test_no_images_give_none():
    inputs = draw((0, 5, 2, 7))[:3]
    assert attend(*inputs).shape == (0, 5, 7)


@pytest.mark.parametrize('size', SIZES)
def test_a_fused_kernel_takes_all_sizes(monkeypatch, size):
    choices = []
    choose = torch._fused_sdp_choice

    def spy(*args, **kwargs):
        choices.append(choose(*args, **kwargs))
        return choices[-1]

    monkeypatch.setattr(torch, '_fused_sdp_choice', spy)
    fused_attention(*draw(size)[:3])
    assert choices[0] != 0


def test_without_a_fused_kernel_chunks_are_taken_and_logged_once(monkeypatch, caplog):
    monkeypatch.setattr(torch, '_fused_sdp_choice', lambda *args, **kwargs: 0)
    attention._log_missing_kernel.cache_clear()
    logger = logging.getLogger('quiet')
    monkeypatch.setattr(attention.MMLogger, 'get_current_instance', lambda: logger)
    inputs = draw((2, 3, 4, 5))[:3]
    for _ in range(2):
        out = fused_attention(*inputs)
    torch.testing.assert_close(out, plain_attention(*inputs))
    (message,) = caplog.messages
    assert 'no fused attention for torch.float32 on this cpu' in message


def test_compiled():
    *inputs, gradient = draw((2, 131, 3, 10))
    compiled = torch.compile(attend, backend='aot_eager', fullgraph=True)
    found = values_and_gradients(compiled, inputs, gradient)
    assert_near(found, exact(inputs, gradient), 1e-5)


def traced(block, x):
    """A block after tracing, saving and loading."""
    file = io.BytesIO()
    torch.jit.save(torch.jit.trace(block, x), file)
    file.seek(0)
    return torch.jit.load(file)


def exported(block, x):
    return torch.export.export(block, (x,)).module()


@pytest.mark.filterwarnings('ignore::torch.jit.TracerWarning')
@pytest.mark.filterwarnings('ignore:`torch.jit.* is deprecated:FutureWarning')
@pytest.mark.filterwarnings('ignore:`torch.jit.* is deprecated:DeprecationWarning')
@pytest.mark.parametrize('convert', [traced, exported])
def test_a_traced_or_exported_block_gives_the_same_values(convert):
    block, x = NonLocalBlock(16).eval(), torch.randn(2, 16, 7, 5)
    torch.nn.init.ones_(block.bn.weight)
    torch.testing.assert_close(convert(block, x)(x), block(x), rtol=1e-5, atol=1e-5)


def test_shapes_of_a_block_without_memory():
    block = NonLocalBlock(16).to('meta')
    assert block(torch.empty(2, 16, 7, 5, device='meta')).shape == (2, 16, 7, 5)
