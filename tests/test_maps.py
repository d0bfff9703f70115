import numpy as np
import pytest

from mmccam.maps import is_degenerate, score_map, score_thresholds, stretch


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_map_is_stretched(dtype):
    # A map of 224 x 224 is not resized. (2/3 - 0) / 2 would not survive float32.
    cam = np.full((224, 224), -2, dtype)
    cam[0, :3] = [-1, 0, 1]
    before = cam.copy()
    scores = score_map(cam)
    assert scores.dtype == np.float64
    assert scores[0, :4].tolist() == [1 / 3, 2 / 3, 1, 0]
    np.testing.assert_array_equal(cam, before)  # the map itself is not changed


@pytest.mark.parametrize(('dtype', 'steps'), [(np.float32, 2), (np.float64, 8)])
def test_map_is_resized_in_its_own_precision(dtype, steps):
    # Between 1 and the next number of float32 there is none.
    scores = stretch(np.array([[1, 1 + 2**-23]], dtype), (8, 1))
    assert len(np.unique(scores)) == steps


@pytest.mark.parametrize('size', [(224, 224), (60, 30), (30, 60)])
def test_map_of_any_shape(size):
    # Three rows and five columns, the highest value at the top right.
    cam = np.zeros((3, 5), np.float32)
    cam[0, 4] = 1
    scores = stretch(cam, size)
    width, height = size
    assert scores.shape == (height, width)
    y, x = np.unravel_index(scores.argmax(), scores.shape)
    assert (y // (height / 3), x // (width / 5)) == (0, 4)


def with_first(value, side=14):
    """A map of 0 but for its first value."""
    cam = np.zeros((side, side), np.float32)
    cam[0, 0] = value
    return cam


HUGE = np.repeat([[0, np.finfo(np.float64).max]], 7, axis=1).repeat(14, axis=0)


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize(
    ('cam', 'degenerate'),
    [
        *[(np.full((14, 14), v, np.float32), True) for v in (0.3, np.nan, np.inf)],
        *[(with_first(v), True) for v in (np.nan, np.inf, -np.inf)],
        # Its range is beyond float32.
        (np.float32([[-3e38, 0], [0, 3e38]]), True),
        # Resizing makes it constant: of 3 x 3 pixels the middle one is used.
        (with_first(1, side=672), False),
        # Cubic interpolation leaves the range of the map, and that of float64.
        (HUGE, False),
    ],
)
def test_map_that_shows_nothing_gives_zeros(cam, degenerate):
    assert is_degenerate(cam) == degenerate
    np.testing.assert_array_equal(score_map(cam), np.zeros((224, 224)), strict=True)


def test_thresholds_are_below_1():
    for step, expected in (
        (0.25, [0, 0.25, 0.5, 0.75]),
        (0.4, [0, 0.4, 0.8]),
        (0.99, [0, 0.99]),
    ):
        np.testing.assert_allclose(score_thresholds(step), expected, rtol=1e-15)
    for step in (0, 1, -0.1, 5, float('nan')):
        with pytest.raises(ValueError, match=f'step must .* 0 and 1, got {step}'):
            score_thresholds(step)
