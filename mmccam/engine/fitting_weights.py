"""Weights that must be those of the network."""

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from .stored_config import warn_if_size_differs

CLASSIFIER = 'head.fc.weight'


def weights_of(loaded: Any, source: str) -> dict[str, torch.Tensor]:
    """Take the weights out of what a checkpoint holds.

    Args:
        loaded: The weights, alone or under ``state_dict`` or ``model``. The prefix
            ``module.`` of parallel training is taken off their names.
        source: Where they are from, for messages.

    Returns:
        Weights by their names.

    Raises:
        ValueError: If it holds no weights.
    """
    weights = loaded
    for key in ('model', 'state_dict'):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            weights = loaded[key]
    if not isinstance(weights, dict):
        kind = type(weights).__name__
        raise ValueError(f'{source} holds no weights but a {kind}')
    for name, value in weights.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            kind = type(value).__name__
            raise ValueError(
                f'{source} holds no weights: {name!r} is no name of a tensor but of a '
                f'{kind}'
            )
    is_parallel = all(name.startswith('module.') for name in weights)
    return {
        name[len('module.') :] if is_parallel else name: value
        for name, value in weights.items()
    }


def check_weights(
    model: nn.Module, weights: Mapping[str, torch.Tensor], source: str
) -> None:
    """Check that weights are all those of a model, and no others.

    mmengine itself only warns where they are not, and goes on with random ones.

    Args:
        model: The model.
        weights: Weights by their names.
        source: Where they are from, for messages.

    Raises:
        ValueError: If they are of another network, or no numbers.
    """
    target = model.state_dict()
    fault = f'{source} is of another network than the config'
    missing = [name for name in target if name not in weights]
    # Files from before torch 0.4.1 do not count the batches.
    missing = [name for name in missing if not name.endswith('num_batches_tracked')]
    if missing:
        raise ValueError(
            f'{fault}: {len(missing)} of {len(target)} weights are missing, the first '
            f'is {missing[0]}'
        )
    unknown = [name for name in weights if name not in target]
    if unknown:
        raise ValueError(
            f'{fault}: it has {len(unknown)} further weights, the first is {unknown[0]}'
        )
    for name, value in weights.items():
        found, wanted = tuple(value.shape), tuple(target[name].shape)
        if name == CLASSIFIER and found[1:] == wanted[1:] and found != wanted:
            raise ValueError(
                f'{fault}: it has {found[0]} classes, the config {wanted[0]}'
            )
        if found != wanted:
            raise ValueError(f'{fault}: {name} has the shape {found}, not {wanted}')
        if not torch.isfinite(value).all():
            raise ValueError(f'{source} has weights that are no numbers, in {name}')


class FittingWeightsHook(Hook):
    """Refuses a checkpoint of another network, see :func:`check_weights`."""

    priority = 'VERY_LOW'  # after the hook that puts averaged weights in their place

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the weights before they are loaded.

        Raises:
            ValueError: If they are of another network.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        source = str(runner.cfg.get('load_from'))
        check_weights(model, weights_of(checkpoint, source), source)
        warn_if_size_differs(runner.cfg, checkpoint, source)
