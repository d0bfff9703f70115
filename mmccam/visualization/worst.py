"""Draw the images on which localization fails worst."""

from pathlib import Path
from typing import Optional

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..evaluation.errors import LocalizationErrors, Outcome
from ..registry import HOOKS
from .images import read_image
from .overlay import draw_localization


@HOOKS.register_module()
class WorstImagesHook(Hook):
    """Draw the worst images of each kind of error after a test.

    Which images these are is what each ``LocalizationErrors`` of the test evaluator has
    found. The pictures go to the runner's visualizer, as
    ``worst_<prefix of the metric>_<kind>_<rank>_<image>``: image and heat map side by
    side, the box of the true class blue, the ground truth red. Above them stand the
    kind, the overlap and the class; if the most probable class is wrong, it and the
    true one.
    """

    def before_test(self, runner: Runner) -> None:
        """Warn if there will be nothing to draw."""
        if not _metrics(runner):
            # No error: configs inherit the hook and put in other metrics.
            runner.logger.warning(
                'WorstImagesHook will draw nothing: it needs mmccam.LocalizationErrors '
                'in the test_evaluator'
            )

    @master_only
    def after_test_epoch(
        self, runner: Runner, metrics: Optional[dict[str, float]] = None
    ) -> None:
        """Draw the worst images."""
        dataset = runner.test_dataloader.dataset
        for metric in _metrics(runner):
            for kind, worst in metric.worst.items():
                for rank, outcome in enumerate(worst, start=1):
                    # The local backend writes nothing if the name has a slash.
                    prefix = metric.prefix.replace('/', '_')
                    name = f'worst_{prefix}_{kind}_{rank:02d}_{_image_name(outcome)}'
                    runner.visualizer.add_image(name, _picture(outcome, dataset))


def _metrics(runner: Runner) -> list[LocalizationErrors]:
    return [
        metric
        for metric in runner.test_evaluator.metrics
        if isinstance(metric, LocalizationErrors)
    ]


def _image_name(outcome: Outcome) -> str:
    path = outcome.image.get('img_path')
    return Path(path).stem if path else f'{outcome.image["sample_idx"]:05d}'


def _picture(outcome: Outcome, dataset: BaseDataset) -> np.ndarray:
    classes = dataset.metainfo.get('classes')
    # A set that keeps its order: one label where both are the same.
    labels = dict.fromkeys([outcome.pred_label, outcome.gt_label])
    names = [str(classes[label] if classes else label) for label in labels]
    title = f'{outcome.kind.replace("_", " ")}, IoU {outcome.overlap:.2f}: '
    title += ' → '.join(names)
    return draw_localization(
        read_image(outcome.image, dataset),
        outcome.cam,
        outcome.box,
        outcome.true_boxes,
        title,
    )
