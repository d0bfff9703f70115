"""A trained network that makes maps, and the images as it takes them."""

from os import PathLike
from pathlib import Path
from typing import Optional, Union

from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import CheckpointLoader
from mmpretrain.apis.model import ModelHub
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import MODELS

from ..checkpoints.contents import (
    check_weights,
    input_size,
    pipeline_of_test,
    stored_config,
    warn_if_size_differs,
    weights_of,
)
from ..models.any_classifier import classifier_with_maps

SUFFIXES = ('.py', '.json', '.yaml', '.yml')
ConfigLike = Union[str, PathLike, Config]


def load_model(
    config: Optional[ConfigLike],
    checkpoint: Optional[Union[str, PathLike]],
    cams: Optional[dict[str, dict]] = None,
    num_guesses: int = 1,
    options: Optional[dict] = None,
) -> tuple[ImageClassifier, Config, dict]:
    """Build a network with the head that makes maps, and load its weights.

    Args:
        config: Config, its file, or the name of a model in mmpretrain's hub. None: the
            one that is stored in the checkpoint.
        checkpoint: File or address. None: the one that the hub has for the name.
        cams: Config of a combination function for each name, instead of the head's.
        num_guesses: Of how many of the most probable classes maps are made.
        options: Values to change in the config, by ``key.of.value``.

    Returns:
        The network, its config, and the metainfo of the data it was trained on.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the classifier can have no maps, or the checkpoint is of another
            network.
    """
    if isinstance(config, (str, PathLike)) and Path(config).suffix not in SUFFIXES:
        entry = ModelHub.get(str(config))
        config, checkpoint = entry.config, checkpoint or entry.weights
    if checkpoint is None:
        raise ValueError(
            'there must be a checkpoint; only names of models with published weights '
            f'do without, got {config}'
        )
    source = str(checkpoint)
    loaded = CheckpointLoader.load_checkpoint(source, map_location='cpu')
    weights = weights_of(loaded, source)
    if config is None:
        config = stored_config(loaded, source)
    elif not isinstance(config, Config):
        config = Config.fromfile(config)
    config = config.copy()
    config.merge_from_dict(options or {})
    warn_if_size_differs(config, loaded, source)
    if not isinstance(config.get('model'), dict):
        raise ValueError(f'the config {config.filename or "of " + source} has no model')
    config.model = classifier_with_maps(config.model, cams)
    config.model.head.num_guesses = num_guesses
    if config.get('data_preprocessor'):
        config.model.setdefault('data_preprocessor', config.data_preprocessor)
    config.model.pop('train_cfg', None)  # mixes images in training
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(config.model)
    check_weights(model, weights, source)
    model.load_state_dict(weights, strict=False)
    metainfo = loaded.get('meta')
    metainfo = metainfo.get('dataset_meta') if isinstance(metainfo, dict) else None
    return model.eval(), config, metainfo if isinstance(metainfo, dict) else {}


def find_classes(
    model: ImageClassifier, metainfo: dict, classes: Optional[list[str]]
) -> tuple[str, ...]:
    """The names of a network's classes.

    Args:
        model: The network.
        metainfo: Metainfo of the data it was trained on.
        classes: Names that the user gives, if any.

    Returns:
        Those, or those of the training, or ``0``, ``1``, …

    Raises:
        ValueError: If there are more or fewer than the network has classes.
    """
    number = model.head.num_classes
    names = classes or metainfo.get('classes') or map(str, range(number))
    names = tuple(names)
    if len(names) != number:
        raise ValueError(f'the network has {number} classes, but {len(names)} names')
    return names


METHOD = ('backend', 'interpolation')


def resize_whole(cfg: Config, size: Optional[int] = None) -> Compose:
    """Build the transforms that bring a loaded image to the network's size.

    A classifier's own pipeline often cuts out the middle of an image. So that a box can
    be found anywhere, the whole image is resized to that size, as in the paper.

    Args:
        cfg: Config with the pipeline of a ``test_dataloader``, whose last size counts.
        size: Side of the input in pixels, instead.

    Returns:
        Transforms of a sample with ``img``, (H, W, 3), uint8, BGR.

    Raises:
        ValueError: If there is no size, or none of at least 1 pixel.
    """
    scale = input_size(cfg) if size is None else (size, size)
    if scale is None:
        raise ValueError(
            'the config has no size of the input in the pipeline of a '
            'test_dataloader: give a size'
        )
    if min(scale) < 1:
        raise ValueError(f'size must be at least 1 pixel, got {min(scale)}')
    steps = pipeline_of_test(cfg)
    method = {key: step[key] for step in steps for key in METHOD if key in step}
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return Compose(
            [dict(type='Resize', scale=scale, **method), dict(type='PackInputs')]
        )
