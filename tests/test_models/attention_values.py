"""Values and gradients of attention, as computed and exact."""

import torch


def plain_attention(query, key, value):
    return (query @ key.mT).softmax(dim=-1) @ value


def draw(size, dtype=torch.float32):
    """Queries, keys and values, and a gradient."""
    images, length, channels, value_channels = size
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(images, length, width, generator=generator).to(dtype)
        for width in (channels, channels, value_channels, value_channels)
    ]


def values_and_gradients(form, inputs, gradient):
    leaves = [x.detach().clone().requires_grad_() for x in inputs]
    out = form(*leaves)
    out.backward(gradient)
    return [out.detach(), *(leaf.grad for leaf in leaves)]


def exact(inputs, gradient):
    inputs = [x.double() for x in inputs]
    return values_and_gradients(plain_attention, inputs, gradient.double())


def assert_near(found, expected, tolerance):
    """Compare tensors, relative to the largest value of each."""
    for x, y in zip(found, expected):
        error = (x.double() - y).abs().max() / y.abs().max().clamp(min=1e-30)
        assert error <= tolerance
