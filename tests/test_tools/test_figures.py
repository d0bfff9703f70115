"""Pictures and pages that the tools write."""

import re

import cv2
import numpy as np
import pytest
from small_runs import CONFIG, run_tool

from mmccam.visualization.overlay import PREDICTED, TRUE

pytestmark = pytest.mark.slow
LEGEND = 28 + 8  # pixels


@pytest.fixture
def draw_figures(run, trained, tmp_path):
    """Run draw_figures.py; its figures, RGB, without the legend, or its errors."""

    def draw_figures(*arguments):
        root = f'test_dataloader.dataset.data_root={run.data}'
        arguments = (CONFIG, run.checkpoint, '--out-dir', tmp_path, *arguments)
        process = run_tool('draw_figures.py', *arguments, '--cfg-options', root)
        if process.returncode:
            return process.stderr
        files = [str(tmp_path / f'figure{number}.png') for number in (1, 3, 4)]
        return [cv2.imread(file)[LEGEND:, :, ::-1] for file in files]

    return draw_figures


def columns_with(figure, colour):
    """In which of the columns of panels a colour is."""
    has = (figure == colour).all(axis=2).any(axis=0)
    return [bool(has[left : left + 200].any()) for left in range(0, len(has), 208)]


def test_figures_of_test_images_have_predicted_and_true_boxes(draw_figures, searched):
    figure1, figure3, figure4 = draw_figures('--num-images', 2, '--thresholds')

    # Image, CAM, first, second and last map, CCAM; the same without the second; image,
    # three first and three last maps, CCAM.
    assert columns_with(figure1, PREDICTED) == [False, True, *[False] * 3, True]
    assert columns_with(figure3, PREDICTED) == [False, True, False, False, True]
    assert columns_with(figure4, PREDICTED) == [*[False] * 7, True]
    for figure, panels in ((figure1, 6), (figure3, 5), (figure4, 8)):
        assert columns_with(figure, TRUE) == [True] * panels


def panels_of(figure):
    return [figure[:, left : left + 200] for left in range(0, figure.shape[1], 208)]


def test_figures_share_their_panels(draw_figures):
    figure1, figure3, figure4 = map(panels_of, draw_figures('--num-images', 1))

    image, cam, first, second, last, ccam = figure1
    assert (first != second).any() and (second != last).any()
    # Without the second map; without the CAM, and with three maps more.
    np.testing.assert_array_equal(figure3, [image, cam, first, last, ccam])
    assert len(figure4) == 8
    shared = figure4[:3] + figure4[6:]
    np.testing.assert_array_equal(shared, [image, first, second, last, ccam])


def test_the_cam_may_be_another_networks(run, draw_figures):
    _, figure3, _ = draw_figures(
        '--num-images', 1, '--baseline', CONFIG, run.checkpoint
    )

    # The same network: its CAM is its first map, but for the boxes.
    cam, first = (figure3[:, left : left + 200].astype(int) for left in (208, 416))
    assert columns_with(figure3, PREDICTED) == [False, True, False, False, True]
    same = (cam == first).all(axis=2)
    assert same[100:].mean() > 0.8


def test_maps_of_other_networks_are_in_one_row(run, draw_figures, tmp_path):
    other = (CONFIG, run.checkpoint)
    figure1, *_ = draw_figures('--num-images', 1, '--also', *other, 'cam')
    methods = cv2.imread(str(tmp_path / 'methods.png'))[LEGEND:, :, ::-1]
    # Image, CCAM, and the other's CAM, here that of the same network.
    image, ccam, cam = panels_of(methods)
    expected = [panels_of(figure1)[index] for index in (0, 5, 1)]
    caption = 30  # pixels
    for found, panel in zip((image, ccam, cam), expected):
        np.testing.assert_array_equal(found[caption:], panel[caption:])


def test_images_of_ones_own_have_no_true_boxes(run, draw_figures):
    images = run.data / 'images/val/star'
    _, figure3, _ = draw_figures('--images', images, '--device', 'cpu')

    assert columns_with(figure3, PREDICTED) == [False, True, False, False, True]
    assert columns_with(figure3, TRUE) == [False] * 5


def test_wrong_options(draw_figures):
    message = '--num-images must be 1 or more, got 0'
    assert message in draw_figures('--num-images', '0')
    message = 'draw_figures.py: there is no image or folder nowhere'
    assert message in draw_figures('--images', 'nowhere')


def test_a_page_and_a_sheet_of_an_evaluation(run, evaluated):
    page = (evaluated.folder / 'results.html').read_text()
    for row in evaluated.results['localization']:
        assert re.search(rf'>\s*{row["GT-known"]:.1f}<', page)
    for text in (str(CONFIG), run.checkpoint.name, 'Box rules on the split val'):
        assert text in page
    # For each map all 12 images are right or not: there is a picture.
    assert page.count('data:image/jpeg') >= 2 * 4
    sheet = cv2.imread(str(evaluated.folder / 'results.png'))
    assert sheet.shape[1] > 600 and (sheet[..., ::-1] == TRUE).all(axis=2).any()
