import numpy as np
import pytest

from mmccam.evaluation import box_rule, build_box_rule
from mmccam.evaluation.box_rules import largest_component, released_nlccam
from mmccam.registry import FUNCTIONS

SIZE = (30, 20)  # width and height


@pytest.fixture
def ramp():
    """A map that rises from column to column, so that each threshold counts."""
    return np.tile(np.arange(30, dtype=np.float32), (20, 1))


@pytest.fixture(autouse=True)
def share():
    """A user's own box rule: a share of the image that is the threshold."""

    @box_rule('share', threshold=0.6)
    def share(cam, size, thresholds):
        return [(0, 0, size[0] * t - 1, size[1] - 1) for t in thresholds]

    yield
    FUNCTIONS.module_dict.pop('share')


@pytest.mark.parametrize(
    ('name', 'new_name', 'function', 'default'),
    [
        ('largest_component', 'largest_component', largest_component, 0.2),
        ('cam', 'largest_component', largest_component, 0.2),
        ('released_nlccam', 'released_nlccam', released_nlccam, 0.12),
        ('nlccam_released', 'released_nlccam', released_nlccam, 0.12),
    ],
)
def test_rule_of_a_name_or_a_former_name(name, new_name, function, default):
    rule = build_box_rule(name)
    assert (rule.name, rule.boxes, rule.threshold) == (new_name, function, default)


@pytest.mark.parametrize('name', ['largest_component', 'released_nlccam'])
def test_rule_gives_the_box_of_its_threshold(name, ramp):
    # The ramp has its upper half in the columns from 15 on.
    rule = build_box_rule(name, 0.5)
    assert rule(ramp, SIZE) == tuple(rule.at([0.1, 0.5, 0.9], ramp, SIZE)[1])
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
    names = 'largest_component, released_nlccam, share'
    with pytest.raises(ValueError, match=f'no box rule "{name}", only {names}'):
        build_box_rule(name)


def test_rule_without_a_default_threshold(monkeypatch):
    monkeypatch.setitem(FUNCTIONS.module_dict, 'plain', lambda cam, size, thresholds: 0)
    message = r'"plain" has no default threshold: register it by @mmccam\.evaluation\.'
    with pytest.raises(ValueError, match=message):
        build_box_rule('plain')
