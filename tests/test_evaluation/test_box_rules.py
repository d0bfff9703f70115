import numpy as np
import pytest

from mmccam.evaluation import build_box_rule
from mmccam.evaluation.box_rules import cam_boxes, nlccam_released_boxes
from mmccam.registry import FUNCTIONS

SIZE = (30, 20)  # width and height


@pytest.fixture
def ramp():
    """A map that rises from column to column, so that each threshold counts."""
    return np.tile(np.arange(30, dtype=np.float32), (20, 1))


@pytest.fixture(autouse=True)
def share():
    """A user's own box rule: a share of the image that is the threshold."""

    @FUNCTIONS.register_module()
    def share(cam, size, thresholds=(0.6,)):
        return [(0, 0, size[0] * t - 1, size[1] - 1) for t in thresholds]

    yield
    FUNCTIONS.module_dict.pop('share')


@pytest.mark.parametrize(
    ('name', 'function', 'default'),
    [('cam', cam_boxes, 0.2), ('nlccam_released', nlccam_released_boxes, 0.12)],
)
def test_rule_of_a_name(name, function, default):
    rule = build_box_rule(name)
    assert (rule.boxes, rule.threshold) == (function, default)


@pytest.mark.parametrize('name', ['cam', 'nlccam_released'])
def test_rule_gives_the_box_of_its_threshold(name, ramp):
    # The ramp has its upper half in the columns from 15 on.
    rule = build_box_rule(name, 0.5)
    assert rule(ramp, SIZE) == rule.boxes(ramp, SIZE, [0.1, 0.5, 0.9])[1]
    assert rule(ramp, SIZE)[0] == 15


@pytest.mark.parametrize(
    ('threshold', 'box'), [(None, (0, 0, 17, 19)), (0.5, (0, 0, 14, 19))]
)
def test_own_rule(ramp, threshold, box):
    assert build_box_rule('share', threshold)(ramp, SIZE) == box


def test_threshold_of_zero_is_not_the_default():
    assert build_box_rule('cam', 0).threshold == 0


@pytest.mark.parametrize('threshold', [1, 1.5, -0.1, float('nan')])
def test_wrong_threshold(threshold):
    message = f'threshold must be at least 0 and below 1, got {threshold}'
    with pytest.raises(ValueError, match=message):
        build_box_rule('cam', threshold)


@pytest.mark.parametrize('name', ['cams', 'math'])  # nor is a module a rule
def test_unknown_rule(name):
    message = f'there is no box rule "{name}", only cam, nlccam_released, share'
    with pytest.raises(ValueError, match=message):
        build_box_rule(name)


def one_threshold(cam, size, threshold=0.2):
    """A rule of the wrong form."""


def no_default(cam, size, thresholds):
    """A rule without a threshold of its own."""


@pytest.mark.parametrize('rule', [one_threshold, no_default])
def test_rule_of_the_wrong_form(monkeypatch, rule):
    monkeypatch.setitem(FUNCTIONS.module_dict, 'wrong', rule)
    message = r'"wrong" must have a parameter .* such as thresholds=\(0.2,\)'
    with pytest.raises(ValueError, match=message):
        build_box_rule('wrong')
