"""Hooks that draw pictures of evaluations."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.dist import master_only
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.structures import DataSample

from ..datasets.transforms import read_image
from ..evaluation.box_rules import BoxMaker
from ..evaluation.failures import ERRORS, LocalizationErrors, Outcome
from ..registry import HOOKS
from ..structures import ClassMaps
from .overlay import Panel, draw_panels
from .sheet import describe, draw_outcome, draw_sheet


@HOOKS.register_module()
class LocalizationVisualizationHook(BoxMaker, Hook):
    """Draw maps and boxes of some images in validation and test.

    The pictures go to the runner's visualizer: image and heat maps side by side, the
    box of the most probable class blue, the ground truth red.

    Args:
        *args: ``map_name``, ``box_rule`` and ``threshold`` of
            :class:`~mmccam.evaluation.box_rules.BoxMaker`.
        num_images: About how many images to draw, spread over the data set; of several
            processes only the first draws.
        more_cams: Names of further maps, which are drawn beside it without a box.

    Raises:
        ValueError: If an argument lies outside its range or names nothing.
    """

    def __init__(
        self,
        *args,
        num_images: int = 8,
        more_cams: Sequence[str] = (),
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        if num_images < 1:
            raise ValueError(f'num_images must be 1 or more, got {num_images}')
        self.more_cams = tuple(more_cams)
        self.num_images = num_images

    @master_only
    def _after_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
        outputs: Optional[Sequence[DataSample]] = None,
        mode: str = 'train',
    ) -> None:
        """Draw those images of a validation or test batch whose turn it is."""
        if mode == 'train':
            return
        dataloader = getattr(runner, f'{mode}_dataloader')
        interval = math.ceil(len(dataloader.dataset) / self.num_images)
        first = batch_idx * dataloader.batch_size
        step = runner.epoch if mode == 'val' else 0
        for index, sample in enumerate(outputs, start=first):
            if index % interval == 0:
                # The local backend writes nothing if the name has a slash.
                name = f'{self.map_name.replace("/", "_")}_{index:05d}'
                if 'img_path' in sample:
                    name += f'_{Path(sample.img_path).stem}'
                picture = self._picture(sample, dataloader.dataset)
                runner.visualizer.add_image(name, picture, step)

    def _picture(self, sample: DataSample, dataset: BaseDataset) -> np.ndarray:
        height, width = sample.ori_shape
        maps = ClassMaps.read(sample)
        top = maps.labels[0].item()
        cam, *more = (maps.of(name, top) for name in (self.map_name, *self.more_cams))
        box = self.box_rule(cam, (width, height))
        panels = [Panel('image', box=box), Panel(self.map_name, cam, box)]
        panels += [Panel(name, cam) for name, cam in zip(self.more_cams, more)]
        label = sample.pred_label.item()
        classes = dataset.metainfo.get('classes')
        return draw_panels(
            read_image(sample, dataset),
            panels,
            sample.get('loc_boxes', ()),
            title=f'{classes[label] if classes else label}: '
            f'{sample.pred_score.max().item():.0%}',
        )


@HOOKS.register_module()
class WorstImagesHook(Hook):
    """Draw a contact sheet after each evaluation, and the worst images after a test.

    Which images these are is what each ``LocalizationErrors`` of the evaluator has
    found. The pictures go to the runner's visualizer: ``sheet_<prefix of the metric>``,
    the best, the worst and some random images, in validation with the epoch as its
    step; and after a test ``worst_<prefix>_<kind>_<rank>_<image>`` for the worst of
    each kind of error: image and heat map side by side, the box of the true class blue,
    the ground truth red. Above them stand the kind, the overlap and the class; if the
    most probable class is wrong, it and the true one.
    """

    def before_test(self, runner: Runner) -> None:
        """Warn if there will be nothing to draw."""
        if not any(_metrics(runner.test_evaluator)):
            # No error: configs inherit the hook and put in other metrics.
            runner.logger.warning(
                'WorstImagesHook will draw nothing: it needs mmccam.LocalizationErrors '
                'in the test_evaluator'
            )

    @master_only
    def after_val_epoch(
        self, runner: Runner, metrics: Optional[dict[str, float]] = None
    ) -> None:
        """Draw the contact sheet of each map."""
        dataset = runner.val_dataloader.dataset
        for name, metric in _metrics(runner.val_evaluator):
            sheet = draw_sheet([metric], dataset)
            runner.visualizer.add_image(f'sheet_{name}', sheet, runner.epoch)

    @master_only
    def after_test_epoch(
        self, runner: Runner, metrics: Optional[dict[str, float]] = None
    ) -> None:
        """Draw the contact sheet of each map and its worst images."""
        dataset, visualizer = runner.test_dataloader.dataset, runner.visualizer
        for prefix, metric in _metrics(runner.test_evaluator):
            visualizer.add_image(f'sheet_{prefix}', draw_sheet([metric], dataset))
            for kind in ERRORS:
                for rank, outcome in enumerate(metric.examples[kind], start=1):
                    name = f'worst_{prefix}_{kind}_{rank:02d}_{_image_name(outcome)}'
                    title = describe(outcome, dataset)
                    visualizer.add_image(name, draw_outcome(outcome, dataset, title))


def _metrics(evaluator: Evaluator) -> Iterator[tuple[str, LocalizationErrors]]:
    """The metrics that keep examples, with names of files for them."""
    for metric in evaluator.metrics:
        if isinstance(metric, LocalizationErrors):
            # The local backend writes nothing if the name has a slash.
            yield metric.prefix.replace('/', '_'), metric


def _image_name(outcome: Outcome) -> str:
    path = outcome.image.get('img_path')
    return Path(path).stem if path else f'{outcome.image["sample_idx"]:05d}'
