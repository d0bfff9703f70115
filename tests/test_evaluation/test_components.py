import numpy as np
import pytest

from mmccam import components
from mmccam.evaluation import build_box_rule
from mmccam.map_boxes import FRACTIONS

RNG = np.random.default_rng(0)
LARGE = np.exp(-((np.mgrid[:6, :6] - 2.5) ** 2).sum(axis=0) / 4)
MAPS = {
    # Components of equal size at nearly every level.
    'few values': [(RNG.integers(0, n, (13, 9)), (9, 13)) for n in (2, 3, 5, 9) * 8],
    'plateaus': [(np.kron(RNG.integers(0, 6, (5, 4)), np.ones((4, 7))), (28, 20))] * 3,
    'noise': [(RNG.random((40, 60)), (60, 40)), (RNG.random((3, 3)), (1, 70))],
    # As of a network: small, and resized to the image.
    'smooth': [(LARGE + RNG.random((6, 6)) * s, (61, 47)) for s in (0, 0.1, 0.3, 1, 9)],
    'sparse': [(np.maximum(RNG.normal(size=(14, 14)), 1) - 1, (90, 61))] * 3,
}


@pytest.mark.parametrize('kind', MAPS)
@pytest.mark.parametrize('name', ['largest_component', 'released_nlccam'])
def test_one_pass_has_the_boxes_of_each_threshold_alone(name, kind):
    rule = build_box_rule(name)
    for cam, size in MAPS[kind]:
        alone = [rule.at([threshold], cam, size)[0] for threshold in FRACTIONS]
        np.testing.assert_array_equal(rule.at(FRACTIONS, cam, size), alone)


def test_one_pass_needs_no_other_on_a_smooth_map(monkeypatch):
    monkeypatch.setattr(components, '_box_of_one', None)
    build_box_rule('released_nlccam').at(FRACTIONS, LARGE, (61, 47))
