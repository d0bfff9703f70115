"""The contact sheet of an evaluation: its best, its worst and some random images."""

import math
from collections.abc import Sequence
from typing import Optional

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric

from ..datasets.transforms import read_image
from ..evaluation import LocalizationErrors
from ..evaluation.metric import Outcome
from ..structures import class_name
from .canvas import GAP, stack, write_text
from .overlay import draw_legend, draw_localization

ROWS = {
    'best': 'Best: box and class are right, highest overlap first',
    'worst': 'Worst: box or class is wrong, lowest overlap first',
    'random': 'Random',
}
SIDE = 148  # pixels of a panel: four pictures fit a page of 1280


def describe(outcome: Outcome, dataset: BaseDataset) -> str:
    """Say what became of an image: kind, overlap, wrong most probable → true class."""
    guess, truth = outcome.pred_label, outcome.gt_label
    # Without class scores there is no guess.
    labels = [truth] if guess in (None, truth) else [guess, truth]
    names = [class_name(dataset.metainfo.get('classes'), label) for label in labels]
    kind = outcome.kind.replace('_', ' ')
    # Cut off, not rounded: a wrong box does not reach 0.50.
    overlap = math.floor(100 * outcome.overlap + 1e-9) / 100
    return f'{kind}, IoU {overlap:.2f}: {" → ".join(names)}'


def with_examples(metrics: Sequence[BaseMetric]) -> list[LocalizationErrors]:
    """Those of some metrics that keep examples to draw."""
    return [metric for metric in metrics if isinstance(metric, LocalizationErrors)]


def headline(metric: LocalizationErrors) -> str:
    """Say which map, box rule and IoU the outcomes are of."""
    rule = metric.box_rule
    return (
        f'{metric.prefix}: box rule {rule.name} at {rule.threshold:.2f}, '
        f'right from IoU {metric.iou:g}'
    )


def draw_outcome(
    outcome: Outcome, dataset: BaseDataset, title: str = '', side: Optional[int] = None
) -> np.ndarray:
    """Draw an image beside its map, with the box of the true class and the truth."""
    image, boxes = read_image(outcome.image, dataset), (outcome.box, outcome.true_boxes)
    return draw_localization(image, outcome.cam, *boxes, title, side)


def draw_sheet(metrics: Sequence[BaseMetric], dataset: BaseDataset) -> np.ndarray:
    """Draw the contact sheet of all ``LocalizationErrors``, (H, W, 3), uint8, RGB."""
    blocks = [_draw_block(metric, dataset) for metric in with_examples(metrics)]
    return stack([[block] for block in (draw_legend(), *blocks)], gap=24)


def _draw_block(metric: LocalizationErrors, dataset: BaseDataset) -> np.ndarray:
    rows = [write_text(headline(metric), bold=True)]
    for name, heading in ROWS.items():
        outcomes = metric.examples[name]
        heading += '' if outcomes else ': none'
        rows.append(write_text(heading, bold=True))
        if outcomes:
            pictures = [draw_outcome(found, dataset, side=SIDE) for found in outcomes]
            width = 2 * SIDE + GAP
            texts = [write_text(describe(found, dataset), width) for found in outcomes]
            rows.append(stack([texts, pictures]))
    return stack([[row] for row in rows])
