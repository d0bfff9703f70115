"""The maps of a batch of images and their targets, all classes combined."""

from argparse import Namespace
from collections.abc import Callable

import torch
from torch import Tensor

from mmccam.cam import activation_maps, ccam, move_to_front, rank_classes, top_bottom
from mmccam.models.heads.localization_head import to_cpu

from .device import seconds_of
from .measure import Form, Measurement, Part

CHANNELS = 1024
STRIDE = 16
TARGETS = 2


def plain_maps(
    features: Tensor, weight: Tensor, rankings: Tensor, coefficients: Tensor
) -> Tensor:
    """Make the map of each class, then add them up by their rank (Eq. 4)."""
    maps = activation_maps(features, weight.expand(len(features), -1, -1))
    return torch.stack(
        [
            torch.einsum('k,tkhw->thw', coefficients, of_image[of_targets])
            for of_image, of_targets in zip(maps, rankings)
        ]
    )


def copied_one_by_one(*inputs: Tensor) -> list[Tensor]:
    """The maps on the CPU, a copy for each."""
    return [cam.cpu() for of_image in ccam(*inputs) for cam in of_image]


def copied_at_once(*inputs: Tensor) -> list[Tensor]:
    """The maps on the CPU, as the heads copy them."""
    return to_cpu(ccam(*inputs))


def run_maps(make_maps: Callable, _: str, args: Namespace) -> Measurement:
    """Make the maps of a batch, ten times."""
    torch.manual_seed(args.seed)
    side = args.image_side // STRIDE
    features = torch.randn(args.batch_size, CHANNELS, side, side).relu()
    weight = torch.randn(args.classes, CHANNELS) / CHANNELS**0.5
    ranking = rank_classes(features.mean(dim=(2, 3)) @ weight.T)
    rankings = move_to_front(ranking, ranking[:, :TARGETS])
    inputs = features, weight, rankings, top_bottom(args.classes, 1, 10)
    inputs = [x.to(args.device) for x in inputs]
    maps = torch.cat([cam.flatten() for cam in make_maps(*inputs)])
    seconds = seconds_of(lambda: [make_maps(*inputs) for _ in range(10)])
    return Measurement(10 * args.batch_size, seconds, maps.cpu().numpy())


MAPS = Part(
    'Maps: {classes} classes, 1024 channels, 2 targets, batches of {batch_size}',
    run_maps,
    {
        'plain': Form(plain_maps),
        'mmccam': Form(ccam),
        'mmccam, a copy a map': Form(copied_one_by_one, gpu_only=True),
        'mmccam, one copy': Form(copied_at_once, gpu_only=True),
    },
    tolerances=(1e-4, 0),
)
