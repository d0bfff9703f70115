import cv2
import numpy as np
import pytest

from mmccam.visualization import Panel, draw_legend, draw_localization, draw_panels
from mmccam.visualization.overlay import PREDICTED, TRUE, WHITE

BLACK = np.zeros((160, 320, 3), np.uint8)
CAM = np.zeros((4, 8))
CAM[1:3, 2:4] = 1
BOX, TRUE_BOX = (40, 40, 119, 119), (200, 20, 279, 139)


def colours(picture):
    return set(map(tuple, picture.reshape(-1, 3).tolist()))


def test_the_predicted_box_is_solid_blue_and_the_true_one_dashed_red():
    picture = draw_localization(BLACK, CAM, BOX, [TRUE_BOX])

    # Two panels of 320 pixels with a gap of 8.
    assert picture.shape == (160, 648, 3)
    for panel in (picture[:, :320], picture[:, 328:]):
        assert colours(panel[60:100, 40]) == colours(panel[40, 60:100]) == {PREDICTED}
        assert TRUE in colours(panel[20:140, 200]) > {TRUE, WHITE}
        assert TRUE not in colours(panel[:, :190])
        assert PREDICTED not in colours(panel[:, 130:])
    assert not BLACK.any()  # the image is not drawn on


def test_lines_have_a_white_edge():
    picture = draw_localization(BLACK, CAM, BOX, ())

    # At column 40; how wide a smoothed line is differs between versions of OpenCV.
    whitest = picture[80].min(axis=1)
    assert max(whitest[34:40]) > 190 and max(whitest[41:47]) > 190
    assert not picture[80, :34].any() and not picture[80, 47:100].any()


def test_equal_boxes_and_boxes_of_one_pixel_are_seen():
    assert {PREDICTED, TRUE} < colours(draw_localization(BLACK, CAM, BOX, [BOX]))
    pixel = (319, 159, 319, 159)
    assert PREDICTED in colours(draw_localization(BLACK, CAM, pixel, []))


def test_heat_is_brighter_where_the_map_is_higher_and_the_image_is_gray_below():
    red = BLACK + np.array([250, 0, 0], np.uint8)

    heat = draw_panels(red, [Panel(), Panel(cam=np.arange(4)[None])], ())

    assert heat[80, 160].tolist() == [250, 0, 0]  # the image
    # 0.4 of its gray, 0.299 * 250 = 75, under 0.6 of Viridis: its first colour is
    # 440154, its last one FDE725.
    first, last = np.array([[0x44, 0x01, 0x54], [0xFD, 0xE7, 0x25]])
    assert heat[80, 328] == pytest.approx(0.4 * 75 + 0.6 * first, abs=1)
    assert heat[80, -1] == pytest.approx(0.4 * 75 + 0.6 * last, abs=2)
    brightness = cv2.cvtColor(heat, cv2.COLOR_RGB2GRAY)[80, 328:].astype(int)
    assert (np.diff(brightness) >= -1).all()


@pytest.mark.parametrize('value', [3.0, np.nan, np.inf])
def test_a_map_without_an_object_is_drawn_without_heat(value):
    heat = draw_panels(BLACK, [Panel(cam=np.full((4, 8), value))], ())
    assert colours(heat) == {(41, 1, 50)}


@pytest.mark.parametrize(
    ('shape', 'side', 'expected'),
    [
        ((16, 32), None, (160, 320)),  # at least 320
        ((400, 200), None, (400, 200)),
        ((400, 200), 100, (100, 50)),
        ((1, 2000), 100, (1, 100)),
    ],
)
def test_boxes_have_the_scale_of_the_panel(shape, side, expected):
    height, width = shape
    left_half = Panel(box=(0, 0, width / 2 - 1, height - 1))

    image = np.zeros((*shape, 3), np.uint8)
    picture = draw_panels(image, [left_half], (), side=side)

    assert picture.shape == (*expected, 3)
    middle = expected[1] // 2
    assert colours(picture[:, middle]) == {PREDICTED}
    assert not picture[:, middle + 9 :].any()


def test_the_title_is_above_the_captions_of_the_panels():
    panels = [Panel('image'), Panel(), Panel('NL-CCAM', CAM)]

    picture = draw_panels(BLACK, panels, (), title='cat')

    assert picture.shape == (28 + 28 + 8 + 160, 3 * 320 + 2 * 8, 3)
    title, captions = ((picture[y : y + 28] < 100).any(axis=(0, 2)) for y in (0, 28))
    assert title[:100].any() and not title[100:].any()
    assert captions[:320].any() and captions[656:].any()
    assert not captions[320:656].any()


def test_the_legend_has_what_it_explains():
    assert {PREDICTED, TRUE, WHITE, (0, 0, 0)} < colours(draw_legend())
