import numpy as np
import pytest

from mmccam.datasets import ScoreCrops


def crops_of(image, **kwargs):
    """The crops, (n, h, w), of a gray image."""
    image = np.repeat(np.uint8(image)[..., None], 3, axis=-1)
    results = ScoreCrops(**kwargs).transform(dict(img=image, img_path='a.jpg'))
    assert results['img'] is image  # maps are made of it
    crops = results['score_crops']
    assert (crops == crops[:, :1]).all()
    return crops[:, 0].tolist()


# The shorter side is 2, so that images of 2 x 4 pixels or 4 x 2 are not resized.
WIDE = [[1, 2, 3, 4], [5, 6, 7, 8]]
HIGH = [[1, 2], [3, 4], [5, 6], [7, 8]]


@pytest.mark.parametrize(
    ('image', 'side', 'crops'),
    [
        (WIDE, 2, [[[2, 3], [6, 7]]]),
        (HIGH, 2, [[[3, 4], [5, 6]]]),
        # Starts at 0.5 and 1.5 are rounded to the even numbers 0 and 2.
        (WIDE, 1, [[[3]]]),
    ],
)
def test_centre(image, side, crops):
    assert crops_of(image, edge=2, side=side) == crops


def test_ten_crops():
    centre, corners = 3, [1, 4, 5, 8]
    expected = [[[value]] for value in [centre, *corners] * 2]
    assert crops_of(WIDE, num_crops=10, edge=2, side=1) == expected
    # Two corners each are one, and each crop is also flipped.
    crops = [[[2, 3], [6, 7]], *[[[1, 2], [5, 6]], [[3, 4], [7, 8]]] * 2]
    flipped = [[row[::-1] for row in crop] for crop in crops]
    assert crops_of(WIDE, num_crops=10, edge=2, side=2) == crops + flipped


def test_shorter_side_is_resized_as_pillow_does():
    # Halved, each column is 1/8, 3/8, 3/8 and 1/8 of four: 6/8 of 60 and 2/8 of 60.
    crops = crops_of([[0, 0, 60, 60, 0, 0, 60, 60]] * 4, edge=2, side=2)
    assert crops == [[[45, 15], [45, 15]]]


def test_default_is_the_centre_224_of_256():
    (crop,) = crops_of(np.zeros((300, 600)))
    assert np.shape(crop) == (224, 224)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(num_crops=5), 'num_crops must be 1 or 10, got 5'),
        (dict(side=257), 'side must lie between 1 and edge 256, got 257'),
    ],
)
def test_wrong_numbers(arguments, message):
    with pytest.raises(ValueError, match=message):
        ScoreCrops(**arguments)
