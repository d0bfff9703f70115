import torch
from mmengine.optim import build_optim_wrapper
from torch import nn

import mmccam  # noqa: F401  registers the wrapper


def test_the_forward_pass_has_bfloat16_and_the_weights_float32():
    model = nn.Linear(2, 1, bias=False)
    nn.init.ones_(model.weight)
    config = dict(
        type='mmccam.BFloat16OptimWrapper', optimizer=dict(type='SGD', lr=0.5)
    )
    wrapper = build_optim_wrapper(model, config)
    with wrapper.optim_context(model):
        out = model(torch.tensor([[1.0, 2.0]]))
    wrapper.update_params(out.sum())
    assert out.dtype == torch.bfloat16
    # 1 - 0.5 * 1 and 1 - 0.5 * 2.
    assert model.weight.tolist() == [[0.5, 0.0]]
    assert model.weight.dtype == torch.float32
