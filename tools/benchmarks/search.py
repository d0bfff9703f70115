"""The right boxes of a map at all thresholds of a search."""

from argparse import Namespace
from contextlib import nullcontext
from functools import partial
from unittest.mock import patch

import numpy as np

from mmccam import components, largest_area
from mmccam.boxes import between_alike, box_iou
from mmccam.evaluation import build_box_rule
from mmccam.structures import ClassMaps

from .device import seconds_of
from .evaluation import IOUS, SIZE, make_samples
from .measure import Form, Measurement, Part

# What looks at each threshold on its own.
ALONE = dict(
    largest_component=(largest_area, 'PIXELS_AT_ONCE', 1),
    released_nlccam=(components, 'MIN_LEVELS', 100),
)


def run_search(name: str, alone: bool, precision: str, args: Namespace) -> Measurement:
    """Find the boxes of one rule, each threshold ``alone`` or as a search does."""
    rule, hits = build_box_rule(name), []
    work = [
        (ClassMaps.read(sample).of('ccam', 0), sample['loc_boxes'])
        for sample in make_samples(args.images, args.seed)
    ]

    def find_all() -> None:
        for cam, truth in work:
            alike = partial(between_alike, others=truth, ious=IOUS)
            boxes = rule.at(rule.grid, cam, SIZE, None if alone else alike)
            hits.append(box_iou(boxes, truth) >= IOUS)

    with patch.object(*ALONE[name]) if alone else nullcontext():
        seconds = seconds_of(find_all)
    return Measurement(args.images, seconds, np.array(hits, float))


def search_part(rule: str) -> Part:
    """A search that looks at each threshold on its own, and as it is done."""
    return Part(
        f'Boxes of {rule} at the 99 thresholds of a search, 14 x 14 to 500 x 375',
        partial(run_search, rule),
        {'each threshold': Form(True), 'mmccam': Form(False)},
    )


SEARCH = search_part('largest_component')
RELEASED_SEARCH = search_part('released_nlccam')
