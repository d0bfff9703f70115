"""Sweeps of the parameters of the paper's combination functions (Eq. 5, 6)."""

from collections.abc import Sequence

import numpy as np

from mmccam.visualization.numbers import Curves

TYPES = dict(p='Polynomial', degree='Polynomial', i='TopBottom', j='TopBottom')


def sweep_cams(
    parameters: Sequence[str], num_classes: int, points: int
) -> dict[str, dict]:
    """Make a combination function for each value of each parameter, as ``p_10``.

    Swept are p from 0 to K for the quadratic function, the degree from 0 to 5, i with
    j = 10, and j with i = 1, all as far as they are defined, each at some ``points``.
    With fewer than 20 classes j is half of them.
    """
    j = min(10, num_classes // 2)
    fixed = dict(p=dict(degree=2), degree={}, i=dict(j=j), j=dict(i=1))
    last = dict(p=num_classes, degree=5, i=num_classes - j, j=num_classes - 1)
    return {
        f'{name}_{value}': dict(
            {name: value}, type=f'mmccam.{TYPES[name]}', **fixed[name]
        )
        for name in parameters
        for value in _values(last[name], points)
        if (name, value) != ('p', 1)  # Eq. 5 is not defined
    }


def _values(last: int, points: int) -> list[int]:
    """Spread points over 0 ... last; those of the paper, 1 and 10, are among them."""
    spread = {round(value) for value in np.linspace(0, last, points).tolist()}
    return sorted(spread | {value for value in (1, 10) if value <= last})


def swept_curves(found: dict, parameters: Sequence[str]) -> list[Curves]:
    """The GT-known accuracy at the best threshold against each parameter, by rule."""
    curves = []
    for parameter in parameters:
        cams = found['maps']['cams']
        names = [name for name in cams if name.rpartition('_')[0] == parameter]
        values = [cams[name][parameter] for name in names]
        best = [found['thresholds'][name] for name in names]
        accuracies = {
            rule: {0.5: [_accuracy(rules, rule) for rules in best]}
            for rule in sorted(one['box_rule'] for one in best[0])
        }
        highest = max(range(len(names)), key=lambda at: best[at][0]['gt_known_loc'])
        mark = (values[highest], best[highest][0]['gt_known_loc'])
        title = f'{parameter}: best at {values[highest]}'
        curves.append(Curves(title, values, accuracies, [mark], xlabel=parameter))
    return curves


def _accuracy(rules: list[dict], rule: str) -> float:
    return next(one['gt_known_loc'] for one in rules if one['box_rule'] == rule)
