"""On a GPU: attention is near its plain form, maps are those of a CPU."""

import logging

import pytest
import torch
from attention_values import assert_near, draw, exact, values_and_gradients
from mmengine.config import ConfigDict
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.utils._python_dispatch import TorchDispatchMode

from mmccam.models import GAPClsHead
from mmccam.models.layers import non_local as attention

pytestmark = pytest.mark.cuda

# Images, positions, channels of queries and values: those of VGG-16 behind pool2, pool3
# and pool4, and an odd one.
SIZES = [(2, 3136, 16, 128), (2, 784, 32, 256), (2, 196, 64, 512), (3, 131, 3, 10)]
CAMS = dict(
    ccam=dict(type='mmccam.Polynomial', degree=2),
    cam=dict(type='mmccam.TopBottom', i=1, j=0),
)


# Digits of the fraction: 23, 10, 7 and 10.
@pytest.mark.parametrize(
    ('dtype', 'tf32', 'tolerance'),
    [
        (torch.float32, False, 1e-4),
        (torch.float32, True, 2**-6),
        (torch.bfloat16, False, 2**-5),
        (torch.float16, False, 2**-8),
    ],
    ids=['float32', 'TF32', 'bfloat16', 'float16'],
)
@pytest.mark.parametrize('size', SIZES)
def test_a_fused_kernel_is_near_the_plain_form(
    monkeypatch, use_tf32, size, dtype, tf32, tolerance
):
    monkeypatch.setattr(attention, '_log_missing_kernel', pytest.fail)
    *inputs, gradient = (x.cuda() for x in draw(size, dtype))
    expected = exact(inputs, gradient)
    use_tf32(tf32)
    found = values_and_gradients(attention.attend, inputs, gradient)
    assert {x.dtype for x in found} == {dtype}
    assert_near(found, expected, tolerance)


def test_the_fused_kernels_need_little_memory():
    images, length, *_ = SIZES[0]
    *inputs, gradient = (x.cuda() for x in draw(SIZES[0]))
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    values_and_gradients(attention.attend, inputs, gradient)
    needed = torch.cuda.max_memory_allocated() - before
    assert needed < 4 * images * length**2  # bytes of all products


def test_a_dtype_without_a_fused_kernel_is_logged_once(monkeypatch, caplog):
    attention._log_missing_kernel.cache_clear()
    logger = logging.getLogger('quiet')
    monkeypatch.setattr(attention.MMLogger, 'get_current_instance', lambda: logger)
    *inputs, gradient = (x.cuda().double() for x in draw((2, 131, 4, 8)))
    for _ in range(2):
        found = values_and_gradients(attention.attend, inputs, gradient)
    assert_near(found, exact(inputs, gradient), 1e-12)
    (message,) = caplog.messages
    assert 'no fused attention for torch.float64 on this cuda' in message


def predict(model, images):
    """Predict as the runner does."""
    data = dict(
        inputs=images, data_samples=[DataSample().set_gt_label(k) for k in (1, 3)]
    )
    with torch.no_grad():
        return model.test_step(data)


def test_scores_and_maps_are_those_of_a_cpu(use_tf32, images):
    torch.manual_seed(0)
    use_tf32(False)
    head = dict(type='mmccam.GAPClsHead', num_classes=4, in_channels=256, cams=CAMS)
    vgg = dict(type='mmccam.NonLocalVGG', depth=11, num_stages=3, non_local_stages=(2,))
    model = ConfigDict(type='ImageClassifier', backbone=vgg, head=head)
    model = MODELS.build(model).eval()
    torch.nn.init.ones_(model.backbone.non_local_blocks['2'].bn.weight)
    images = (255 * images.sigmoid()).round()
    expected = predict(model, images)
    found = predict(model.cuda(), images)
    for one, other in zip(found, expected):
        torch.testing.assert_close(one.pred_score, other.pred_score)
        assert one.cam_labels.tolist() == other.cam_labels.tolist()
        assert one.gt_label.is_cpu and one.pred_label.is_cpu
        assert_near(one.cams.values(), [*other.cams.values()], 1e-4)


class Copies(TorchDispatchMode):
    """Count how often the CPU gets something from the GPU."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        from_gpu = any(isinstance(x, torch.Tensor) and x.is_cuda for x in args)
        is_tensor = isinstance(out, torch.Tensor)
        is_here = out.is_cpu if is_tensor else isinstance(out, (bool, int, float))
        self.count += from_gpu and is_here
        return out


@pytest.mark.parametrize('count', [2, 8])
def test_a_batch_is_copied_to_the_cpu_once(count):
    head = GAPClsHead(5, 3, cams=CAMS).cuda()
    samples = [DataSample().set_gt_label(torch.tensor([1]).cuda())] * count
    with torch.no_grad(), Copies() as copies:
        head.predict((torch.rand(count, 3, 4, 4).cuda(),), samples)
    assert copies.count == 4  # scores, classes, and two maps of all images
