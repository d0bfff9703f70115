"""The boxes of a map at all thresholds of a search."""

from argparse import Namespace
from functools import partial
from unittest.mock import patch

import numpy as np

from mmccam import components
from mmccam.evaluation import build_box_rule
from mmccam.structures import ClassMaps

from .device import seconds_of
from .evaluation import SIZE, make_samples
from .measure import Form, Measurement, Part


def run_search(
    rule: str, min_levels: int, precision: str, args: Namespace
) -> Measurement:
    """Find the boxes, in one pass if there are at least ``min_levels`` thresholds."""
    samples = make_samples(args.images, args.seed)
    maps = [ClassMaps.read(sample).of('ccam', 0) for sample in samples]
    rule, boxes = build_box_rule(rule), []

    def find_all() -> None:
        boxes.extend(rule.at(rule.grid, cam, SIZE) for cam in maps)

    with patch.object(components, 'MIN_LEVELS', min_levels):
        seconds = seconds_of(find_all)
    return Measurement(args.images, seconds, np.array(boxes))


def search_part(rule: str) -> Part:
    """A search with a pass for each threshold, and with one for all."""
    return Part(
        f'Boxes of {rule} at the 99 thresholds of a search, 14 x 14 to 500 x 375',
        partial(run_search, rule),
        {'each threshold': Form(100), 'one pass': Form(components.MIN_LEVELS)},
    )


SEARCH = search_part('largest_component')
RELEASED_SEARCH = search_part('released_nlccam')
