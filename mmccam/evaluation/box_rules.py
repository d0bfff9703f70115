"""The box rules by their names: those of ``map_boxes.py`` and your own."""

from collections.abc import Sequence
from typing import Callable, Optional

from ..map_boxes import FRACTIONS, RULES, BoxFunction, BoxRule, rule_at, with_threshold
from ..registry import FUNCTIONS
from ..structures import given_map_name

for function in RULES.values():
    FUNCTIONS.register_module(module=function)

# Names of rules before they were called by what they do.
FORMER_NAMES = dict(cam='largest_component', nlccam_released='released_nlccam')


def present_name(name: str) -> str:
    """The name of a box rule, whose former name may be given."""
    return FORMER_NAMES.get(name, name)


def box_rule(
    name: str, threshold: float, grid: Sequence[float] = FRACTIONS
) -> Callable[[BoxFunction], BoxFunction]:
    """Register a function as a box rule.

    The function ``rule(cam, size, thresholds)`` gets a map (h, w), the size (width,
    height) of the image in pixels and thresholds, (T,). It returns a box (x0, y0, x1,
    y1) in pixels for each threshold, (T, 4). A map that is constant, NaN or infinite
    must have boxes too; the rules of the package give the whole image. ``threshold`` is
    the default, and ``grid`` are those that a search tries, in ascending order. By
    default both are fractions, from 0 to below 1; with another grid thresholds lie
    between its ends.
    """

    def register(boxes: BoxFunction) -> BoxFunction:
        boxes = with_threshold(threshold, grid)(boxes)
        return FUNCTIONS.register_module(name=name, module=boxes)

    return register


def build_box_rule(
    name: Optional[str] = None, threshold: Optional[float] = None
) -> BoxRule:
    """Find a box rule by its name and set its threshold.

    It is ``largest_component`` (formerly ``cam``), the default, ``released_nlccam``
    (formerly ``nlccam_released``), ``mean_multiple``, ``energy`` or your own. The
    threshold is by default that of the rule. An unknown rule, or a threshold outside
    the rule's range (see :func:`box_rule`), is a ValueError.
    """
    name = present_name(name or 'largest_component')
    # Not FUNCTIONS.get, which imports a module of an unknown name.
    boxes = FUNCTIONS.module_dict.get(name)
    if boxes is None:
        known = ', '.join(FUNCTIONS.module_dict)
        raise ValueError(f'there is no box rule "{name}", only {known}')
    if not hasattr(boxes, 'threshold'):
        raise ValueError(
            f'the box rule "{name}" has no default threshold: register it by '
            f'@mmccam.evaluation.box_rule("{name}", threshold=0.2)'
        )
    return rule_at(name, boxes, threshold)


class BoxMaker:
    """A map by its name, and the ``box_rule`` that makes boxes of it.

    ``names_rule`` and ``names_threshold`` say whether it names a rule and a threshold:
    those that are searched apply where it does not. The arguments are those of
    :class:`~mmccam.evaluation.BoxMetric`.
    """

    def __init__(
        self,
        map_name: Optional[str] = None,
        box_rule: Optional[str] = None,
        threshold: Optional[float] = None,
        *,
        cam: Optional[str] = None,
    ) -> None:
        self.map_name = given_map_name(map_name, cam)
        self.names_rule = box_rule is not None
        self.names_threshold = threshold is not None
        self.box_rule = build_box_rule(box_rule, threshold)
