"""What each map gains over others, in GT-known, with an interval over images."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Optional

import numpy as np
from _evidence import Rows, Run, format_rows

DRAWS = 10_000


def format_claims(rows: Rows, baselines: dict[str, dict]) -> str:
    """What each map gains over others of its network, the plain network, and a box."""
    boxes = {
        f'over the {title}': np.array([*map(int, box['hits'])])
        for title, box in baselines.items()
        if 'side' in box
    }
    table, old = [], []
    for (network, name), runs in rows.items():
        if (own := mean_hits(runs.values())) is None:
            old.append(network)
            continue
        base = next(iter(runs.values())).base
        others = [
            rows.get((network, 'CAM')),
            rows.get((network, 'CCAM')) if name != 'CAM' else None,
            rows.get((base, name)),
        ]
        gains = [_gain_over(runs, other) for other in others]
        gains += [_format_gain(own, box) for box in boxes.values()]
        table.append([network, name, f'{len(runs)}', *gains])
    notes = [
        'Gains of GT-known in points, with the interval that has 95 % of '
        f'{DRAWS:,} draws of the images with replacement. Of several runs the mean of '
        'each image is drawn, over those that both have: what another training would '
        'change is not in it. The plain network has no blocks and no method.'
    ]
    if old:
        notes.append(
            f'Without the outcomes of images are {", ".join(dict.fromkeys(old))}: '
            'evaluate them with test.py again.'
        )
    headers = ['network', 'map', 'runs', 'over CAM', 'over CCAM']
    headers += ['over the plain network', *boxes]
    return f'{format_rows(table, headers)}\n\n{" ".join(notes)}'


def mean_hits(runs: Iterable[Run]) -> Optional[np.ndarray]:
    """How often the box of each image is right, (N,), None if that is unknown."""
    hits = [run.hits for run in runs]
    return None if any(one is None for one in hits) else np.mean(hits, axis=0)


def _gain_over(runs: dict[str, Run], others: Optional[dict[str, Run]]) -> str:
    """The gain over another map, of the runs that both have, if there are such."""
    if others is None or others is runs:
        return ''
    shared = [run for run in runs if run in others]
    own, other = (
        mean_hits(one[run] for run in shared or one) for one in (runs, others)
    )
    return _format_gain(own, other)


def _format_gain(own: np.ndarray, other: Optional[np.ndarray]) -> str:
    if other is None or len(other) != len(own):
        return ''
    low, high = interval(own - other)
    return f'{100 * (own - other).mean():+.1f} ({low:+.1f} … {high:+.1f})'


@lru_cache(maxsize=1)
def _draws(number: int) -> np.ndarray:
    """How often each of N images is in each of ``DRAWS`` draws of N, (DRAWS, N)."""
    # Of this generator every version of numpy draws the same.
    generator = np.random.RandomState(0)
    draws = np.empty((DRAWS, number), np.int16)
    for draw in draws:
        draw[:] = np.bincount(generator.randint(number, size=number), minlength=number)
    return draws


def interval(differences: np.ndarray) -> tuple[float, float]:
    """The bootstrap's interval of 95 % of a mean of N images (N,), in points."""
    number = len(differences)
    # A product has all counts as float64, in parts that need little memory.
    parts = [part @ differences for part in np.split(_draws(number), 20)]
    means = np.concatenate(parts) / number
    low, high = 100 * np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
