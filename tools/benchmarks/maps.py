"""The maps of a batch of images and their targets, all classes combined."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial

import torch

from mmccam.cam import activation_maps, ccam, move_to_front, rank_classes, top_bottom

from .measure import Form, Measurement, Part, seconds_of

CHANNELS = 1024
STRIDE = 16
TARGETS = 2


def plain_maps(
    features: torch.Tensor,
    weight: torch.Tensor,
    rankings: torch.Tensor,
    coefficients: torch.Tensor,
) -> torch.Tensor:
    """Make the map of each class, then add them up by their rank (Eq. 4)."""
    maps = activation_maps(features, weight.expand(len(features), -1, -1))
    return torch.stack(
        [
            torch.einsum('k,tkhw->thw', coefficients, of_image[of_targets])
            for of_image, of_targets in zip(maps, rankings)
        ]
    )


def run_maps(make_maps: Callable, args: Namespace) -> Measurement:
    """Make the maps of a batch, ten times."""
    torch.manual_seed(args.seed)
    side = args.image_side // STRIDE
    features = torch.randn(args.batch_size, CHANNELS, side, side).relu()
    weight = torch.randn(args.classes, CHANNELS) / CHANNELS**0.5
    ranking = rank_classes(features.mean(dim=(2, 3)) @ weight.T)
    rankings = move_to_front(ranking, ranking[:, :TARGETS])
    inputs = features, weight, rankings, top_bottom(args.classes, 1, 10)
    maps = make_maps(*inputs)
    seconds = seconds_of(lambda: [make_maps(*inputs) for _ in range(10)])
    return Measurement(10 * args.batch_size, seconds, maps.flatten().numpy())


MAPS = Part(
    'Maps: {classes} classes, 1024 channels, 2 targets, batches of {batch_size}',
    {
        'plain': Form(partial(run_maps, plain_maps)),
        'mmccam': Form(partial(run_maps, ccam), tolerance=1e-4),
    },
)
