from unittest.mock import Mock

import numpy as np
import pytest
from outcomes import Images, metric_of, outcome

from mmccam.visualization import draw_sheet, sheet
from mmccam.visualization.overlay import PREDICTED
from mmccam.visualization.sheet import describe, draw_outcome


def test_the_image_has_its_colours(photo):
    for image in (photo, dict(sample_idx=0)):  # in a file, and in the data set alone
        picture = draw_outcome(outcome(image), Images(), 'a title')

        # Enlarged to two panels of 320 x 160 under the title; far from all boxes.
        assert picture.shape == (28 + 160, 320 + 8 + 320, 3)
        assert picture[28 + 120, 240] == pytest.approx([0, 0, 250], abs=3)


@pytest.mark.parametrize(
    ('labels', 'classes', 'overlap', 'text'),
    [
        ((1, 1), ('cat', 'dog'), 0.29, 'IoU 0.29: dog'),
        ((0, 1), ('cat', 'dog'), 0.4999, 'IoU 0.49: cat → dog'),
        ((0, 1), None, 0.5, 'IoU 0.50: 0 → 1'),
        ((None, 1), None, 1, 'IoU 1.00: 1'),
    ],
)
def test_description(labels, classes, overlap, text):
    found = outcome(labels=labels, overlap=overlap)

    # The overlap is not rounded up.
    assert describe(found, Images(classes)) == f'too small, {text}'


def test_rows_have_their_images(monkeypatch):
    draw = Mock(return_value=np.zeros((100, 304, 3), np.uint8))
    monkeypatch.setattr(sheet, 'draw_outcome', draw)
    best, worst, other = [outcome(), outcome()], [outcome()], outcome()
    metric = metric_of(random=[other], worst=worst, best=best, too_small=[outcome()])

    page = draw_sheet([metric], Images())

    drawn = [call.args[0] for call in draw.call_args_list]
    assert drawn == [*best, *worst, other]
    assert {call.kwargs['side'] for call in draw.call_args_list} == {148}
    black = (page == 0).all(axis=2)
    # Columns and rows of pixels in pictures: two pictures above one and one.
    assert (black.sum(axis=0) >= 100).sum() == 2 * 304
    rows = np.bincount(black.sum(axis=1), minlength=609)
    assert rows[[304, 608]].tolist() == [200, 100]


def test_maps_are_below_each_other_and_the_same_each_time():
    metrics = [metric_of(prefix, best=[outcome()]) for prefix in 'ab']

    one, two = (draw_sheet(metrics[:number], Images()) for number in (1, 2))

    block = one.shape[0] - 28 - 24  # without the legend
    assert two.shape[0] == one.shape[0] + 24 + block
    assert (two[: len(one), : one.shape[1]] == one).all()


def test_rows_without_images_say_so():
    page = draw_sheet([metric_of()], Images())

    # No picture: only the legend has the colours of boxes.
    assert not (page[28:] == PREDICTED).all(axis=2).any()
    assert (page[28:] < 128).any()
