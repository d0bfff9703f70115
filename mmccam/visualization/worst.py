"""Draw the images on which localization succeeds and fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from mmengine.dist import master_only
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..evaluation.errors import ERRORS, LocalizationErrors, Outcome
from ..registry import HOOKS
from .sheet import describe, draw_outcome, draw_sheet


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
