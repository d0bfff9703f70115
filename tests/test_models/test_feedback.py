"""Feedback: selective pruning and recovering."""

import pytest
import torch
from saliency_networks import layer, pointwise, resnet
from torch import nn

from mmccam.models.saliency.feedback import Feedback
from mmccam.models.saliency.gradient import Saliency


def network():
    """A score h3 - h4 of h3 = relu(h0 + 2 h1 - h2), h4 = relu(3 h0 + h1 + h2).

    h0, h1, h2 are the ReLUs of 5 r, g, b, of one pixel.
    """
    return nn.Sequential(
        pointwise([5, 0, 0], [0, 1, 0], [0, 0, 1]),
        nn.ReLU(inplace=True),
        pointwise([1, 2, -1], [3, 1, 1]),
        nn.ReLU(),
        nn.Flatten(),
        layer([1, -1]),
    )


@pytest.mark.parametrize(
    'options, expected',
    [
        # h3, h4 have the gradients 1, -1, so that h3 stays. h0, h1, h2 have 1 - 3,
        # 2 - 1, -1 - 1: h1 stays, with the gradient 2.
        (dict(rounds=1), 2),
        # Through h3 alone h0, h1, h2 have 1, 2, -1: h0 comes back, 5 * 1.
        (dict(rounds=2), 5),
        # The same in one round, since h4 is closed on the way down.
        (dict(rounds=1, recovering=True), 5),
    ],
)
def test_a_map_of_one_pixel(options, expected):
    images = torch.ones(1, 3, 1, 1, requires_grad=True)
    cam = Feedback(**options).maps(network(), images, torch.tensor([0]))
    assert cam.flatten().tolist() == [expected]
    plain = Saliency().maps(network(), images, torch.tensor([0]))
    assert plain.flatten().tolist() == [10]  # |5 * (1 - 3)|


@pytest.mark.parametrize(
    'weight, expected',
    [
        # h0, h1 have 1, -1, and k is 0. With h1 closed k = h0: r has 1 + 1.
        (1, 2),
        # h0 has the gradient 0, since k is 0, which closes it: r has 0.
        (0, 0),
    ],
)
def test_a_closed_gate_is_closed_for_the_layers_above(weight, expected):
    # s = k + weight h0 - h1, k = relu(h0 - h1), h0 = relu(r) = 1, h1 = relu(g) = 2.
    class Network(nn.Module):
        def forward(self, x):
            h0, h1, _ = x.flatten(1).relu().split(1, dim=1)
            return (h0 - h1).relu() + weight * h0 - h1

    images = torch.tensor([1.0, 2, 0]).reshape(1, 3, 1, 1).requires_grad_()
    cam = Feedback(rounds=1).maps(Network(), images, torch.tensor([0]))
    assert cam.flatten().tolist() == [expected]


def test_each_image_has_gates_of_its_own():
    model = resnet()
    images = torch.randn(2, 3, 32, 32, dtype=torch.double, requires_grad=True)
    targets = torch.tensor([3, 1])
    both = Feedback(rounds=2).maps(model, images, targets)
    for index in range(2):
        one = slice(index, index + 1)
        (alone,) = Feedback(rounds=2).maps(model, images[one], targets[one])
        torch.testing.assert_close(both[index], alone)


def test_no_rounds_are_refused():
    with pytest.raises(ValueError, match='rounds must be 1 or more, got 0'):
        Feedback(rounds=0)
