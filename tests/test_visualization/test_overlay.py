import numpy as np
import pytest
from mmpretrain.registry import HOOKS

from mmccam.visualization import draw_localization

BLACK = np.zeros((160, 320, 3), np.uint8)
CAM = np.zeros((4, 8))
CAM[1:3, 2:4] = 1


def colour_at(picture, x, y):
    """Name the strongest colour of the pixels around a position."""
    red, green, blue = picture[y - 2 : y + 3, x - 2 : x + 3].max(axis=(0, 1)).tolist()
    return 'blue' if blue > 150 > red else 'red' if red > 150 > blue else 'other'


def test_the_predicted_box_is_blue_and_the_true_one_red_in_image_and_heat_map():
    boxes = np.array([[200, 20, 279, 139]])

    picture = draw_localization(BLACK, CAM, (40, 40, 119, 119), boxes)

    # Two panels of 320 pixels with a gap of 8.
    assert picture.shape == (160, 648, 3)
    assert colour_at(picture, 40, 80) == colour_at(picture, 80, 40) == 'blue'
    assert colour_at(picture, 200, 80) == colour_at(picture, 240, 20) == 'red'
    assert colour_at(picture, 328 + 200, 80) == 'red'
    assert colour_at(picture, 160, 80) == 'other'


def test_the_heat_is_where_the_map_is_high():
    picture = draw_localization(BLACK, CAM, (0, 0, 1, 1), np.empty((0, 4)))

    # The map's maximum lies at 80 ... 160 of 320 pixels; the colour map ends in red.
    heat = picture[:, 328:].astype(int)
    assert heat[80, 120, 0] > heat[80, 120, 2]
    assert heat[80, 280, 0] < heat[80, 280, 2]


def test_small_images_are_enlarged_with_their_boxes():
    picture = draw_localization(
        BLACK[::10, ::10], CAM, (4, 4, 11, 11), np.empty((0, 4))
    )

    assert picture.shape == (160, 648, 3)
    assert colour_at(picture, 40, 80) == 'blue'


def test_a_title_stands_above():
    picture = draw_localization(BLACK, CAM, (0, 0, 9, 9), np.empty((0, 4)), title='cat')

    assert picture.shape == (160 + 28, 648, 3)
    assert picture[:28, :100].min() < 100


@pytest.mark.parametrize('value', [3.0, np.nan])
def test_a_map_without_an_object_is_drawn_without_heat(value):
    cam = np.full((4, 8), value)

    picture = draw_localization(BLACK, cam, (0, 0, 319, 159), np.empty((0, 4)))

    heat = picture[20:140, 328 + 20 : 328 + 300]
    assert (heat == heat[0, 0]).all()


def test_no_pictures_are_refused():
    with pytest.raises(ValueError, match='num_images must be 1 or more, got 0'):
        HOOKS.build(
            dict(type='mmccam.LocalizationVisualizationHook', cam='ccam', num_images=0)
        )
