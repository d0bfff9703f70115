"""Load a trained network that makes maps, and resize whole images for it."""

from os import PathLike
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import CheckpointLoader
from mmpretrain.apis.model import ModelHub, list_models
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import MODELS

from ..checkpoints import contents
from ..checkpoints.loading import are_trusted
from ..models.any_classifier import classifier_with_maps
from .config import apply_options, one_sentence, read_config
from .config_files import our_configs, unknown_config, with_texts
from .images import File

SUFFIXES = ('.py', '.json', '.yaml', '.yml')


def load_network(
    config: Union[File, Config, None],
    checkpoint: Optional[File],
    options: Optional[dict],
    device: Optional[str],
) -> tuple[ImageClassifier, Config, dict]:
    """Build a network with the head that makes maps, and load its weights.

    Returned are it, its config, and the metainfo of the data it was trained on.
    """
    if entry := _find_in_hub(config):
        config, checkpoint = entry.config, checkpoint or entry.weights
    if checkpoint is None:
        raise ValueError(f'there must be a checkpoint: the hub has none for {config}')
    source = str(checkpoint)
    loaded = CheckpointLoader.load_checkpoint(source, map_location='cpu')
    weights = contents.weights_of(loaded, source)
    if config is None:
        config = contents.stored_config(loaded, source, are_trusted())
    is_read = isinstance(config, Config)
    config = with_texts(config) if is_read else read_config(config)
    apply_options(config, options)
    contents.warn_if_size_differs(config, loaded, source)
    network = _build(config, source)
    contents.check_weights(network, weights, source)
    network.load_state_dict(weights, strict=False)
    metainfo = loaded.get('meta', {}).get('dataset_meta')
    metainfo = metainfo if isinstance(metainfo, dict) else {}
    names = metainfo.get('classes')
    is_list = names is None or isinstance(names, (list, tuple))
    if not is_list or not all(isinstance(name, str) for name in names or ()):
        raise ValueError(f'{source} has other classes in its dataset_meta than names')
    device = device or get_device()
    with one_sentence(f'the device {device} cannot be used'):
        if torch.device(device).type == 'meta':
            raise ValueError('it holds no numbers')
        return network.to(device), config, metainfo


def _find_in_hub(config: Union[File, Config, None]) -> Any:
    """Find a name, neither of a file nor of ours, in mmpretrain's hub."""
    is_text = isinstance(config, (str, PathLike))
    if not is_text or Path(config).suffix in SUFFIXES or str(config) in our_configs():
        return None
    names = list_models()
    if str(config) not in names:
        raise unknown_config(config, {*names, *our_configs()})
    return ModelHub.get(str(config))


def _build(config: Config, source: str) -> ImageClassifier:
    name = config.filename or f'of {source}'
    if not isinstance(config.get('model'), dict):
        raise ValueError(f'the config {name} has no model')
    with one_sentence(f'the network {name} cannot be built'):
        model = classifier_with_maps(config.model)
        if config.get('data_preprocessor'):
            model.setdefault('data_preprocessor', config.data_preprocessor)
        model.pop('train_cfg', None)  # mixes images in training
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            return MODELS.build(model).eval()


def resize_whole(cfg: Config, size: Optional[int] = None) -> Compose:
    """Build the transforms that resize a whole image to the network's size.

    A classifier's own pipeline often cuts out the middle of an image. Here a box can be
    found anywhere, as in the paper. ``size`` replaces the last one of the pipeline.
    """
    scale = contents.input_size(cfg) if size is None else (size, size)
    if scale is None:
        raise ValueError('the test pipeline has no size of the input: give a size')
    wrong = [side for side in scale if not (isinstance(side, int) and side > 0)]
    if wrong:
        raise ValueError(f'size must be a number of pixels from 1 on, got {wrong[0]!r}')
    resize = dict(type='Resize', scale=scale)
    for step in contents.pipeline_of_test(cfg):
        for key in step.keys() & {'backend', 'interpolation'}:
            resize[key] = step[key]
    with one_sentence(f'images cannot be resized by {resize}'):
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            pipeline = Compose([resize, dict(type='PackInputs')])
        pipeline(dict(img=np.zeros((1, 1, 3), np.uint8)))
    return pipeline
