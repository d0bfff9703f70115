"""Hooks that draw pictures of evaluations."""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Union

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.visualization import LocalVisBackend
from mmpretrain.structures import DataSample

from ..datasets.transforms import read_image
from ..evaluation.box_rules import BoxMaker
from ..evaluation.metric import ERRORS
from ..registry import HOOKS
from ..structures import ClassMaps, class_name, image_name
from .overlay import Panel, draw_panels
from .sheet import describe, draw_outcome, draw_sheet, with_examples


@HOOKS.register_module()
class LocalizationVisualizationHook(BoxMaker, Hook):
    """Draw maps and boxes of some images in validation and test.

    The pictures go to the runner's visualizer: image and heat maps side by side, the
    box of the most probable class blue, the true boxes red.

    Args:
        *args: ``map_name``, ``box_rule`` and ``threshold``, as in
            :class:`~mmccam.evaluation.BoxMetric`.
        num_images: About how many images to draw, spread over the data set; of several
            processes only the first draws.
        more_cams: Names of further maps, which are drawn beside it without a box.
    """

    def __init__(
        self, *args, num_images: int = 8, more_cams: Sequence[str] = (), **kwargs
    ) -> None:
        super().__init__(*args, **kwargs)
        if num_images < 1:
            raise ValueError(f'num_images must be 1 or more, got {num_images}')
        self.more_cams = tuple(more_cams)
        self.num_images = num_images

    @master_only
    def _after_iter(
        self, runner: Runner, batch_idx: int, outputs: Sequence, mode: str, **_
    ) -> None:
        if mode == 'train':
            return
        dataloader = getattr(runner, f'{mode}_dataloader')
        interval = math.ceil(len(dataloader.dataset) / self.num_images)
        first = batch_idx * dataloader.batch_size
        step = runner.epoch if mode == 'val' else 0
        for index, sample in enumerate(outputs, start=first):
            if index % interval == 0:
                stem = [_stem(sample)] if 'img_path' in sample else []
                name = _join(self.map_name, f'{index:05d}', *stem)
                picture = self._picture(sample, dataloader.dataset)
                _add_picture(runner, name, picture, step)

    def _picture(self, sample: DataSample, dataset: BaseDataset) -> np.ndarray:
        height, width = sample.ori_shape
        maps = ClassMaps.read(sample)
        top = maps.labels[0].item()
        cam, *more = (maps.of(name, top) for name in (self.map_name, *self.more_cams))
        box = self.box_rule(cam, (width, height))
        panels = [Panel('image', box=box), Panel(self.map_name, cam, box)]
        panels += [Panel(name, cam) for name, cam in zip(self.more_cams, more)]
        name = class_name(dataset.metainfo.get('classes'), sample.pred_label.item())
        title = f'{name}: {sample.pred_score.max().item():.0%}'
        image, truth = read_image(sample, dataset), sample.get('loc_boxes', ())
        return draw_panels(image, panels, truth, title)


@HOOKS.register_module()
class WorstImagesHook(Hook):
    """Draw a contact sheet after each evaluation, and the worst images after a test.

    The images are the ``examples`` of each
    :class:`~mmccam.evaluation.LocalizationErrors` in the evaluator. The pictures go to
    the runner's visualizer:

    - ``sheet_<prefix of the metric>``, with the epoch as its step in validation: the
      best, the worst and some random images;
    - ``worst_<prefix>_<kind>_<rank>_<image>``: image and heat map, the box of the true
      class blue, the true boxes red. The title has the kind, the overlap and the true
      class, and the most probable class if that is wrong.
    """

    def before_test(self, runner: Runner) -> None:
        if not with_examples(runner.test_evaluator.metrics):
            # No error: configs inherit the hook and change the metrics.
            runner.logger.warning(
                'WorstImagesHook will draw nothing: it needs mmccam.LocalizationErrors '
                'in the test_evaluator'
            )

    @master_only
    def _after_epoch(self, runner: Runner, mode: str = 'train') -> None:
        if mode == 'train':
            return
        dataset = getattr(runner, f'{mode}_dataloader').dataset
        step = runner.epoch if mode == 'val' else 0
        add = partial(_add_picture, runner, step=step)
        for metric in with_examples(getattr(runner, f'{mode}_evaluator').metrics):
            add(_join('sheet', metric.prefix), draw_sheet([metric], dataset))
            for kind in ERRORS if mode == 'test' else ():
                for rank, outcome in enumerate(metric.examples[kind], start=1):
                    parts = metric.prefix, kind, f'{rank:02d}', _stem(outcome.image)
                    title = describe(outcome, dataset)
                    add(_join('worst', *parts), draw_outcome(outcome, dataset, title))


def _add_picture(runner: Runner, name: str, picture: np.ndarray, step: int) -> None:
    """Hand a picture to the visualizer, and check that it is completely written."""
    runner.visualizer.add_image(name, picture, step)
    for backend in runner.visualizer._vis_backends.values():
        if isinstance(backend, LocalVisBackend):  # which passes over a full disk
            path = Path(backend._img_save_dir, f'{name}_{step}.png')
            if not path.is_file():  # OpenCV removes what it cannot write
                raise OSError(f'cannot write {path}: the disk may be full')


def _stem(sample: Union[DataSample, dict]) -> str:
    """The name of an image as part of the name of a picture."""
    return Path(image_name(sample)).stem


def _join(*parts: str) -> str:
    """Name a picture; the local backend writes none whose name has a slash."""
    return '_'.join(parts).replace('/', '_')
