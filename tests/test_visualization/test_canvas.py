import numpy as np
import pytest

from mmccam.visualization.canvas import stack, write_text


def ink(picture):
    return (picture < 128).any(axis=2)


@pytest.mark.parametrize('text', ['', 'cat', 'a long class name ' * 5, 'x' * 200])
def test_text_is_complete(text):
    one_line = write_text(text)
    broken = write_text(text, 200)

    assert one_line.shape[0] == 28 and broken.shape[1] == 200
    for picture in (one_line, broken):
        dark = ink(picture)
        assert dark.any() == bool(text)
        assert not (dark[0] | dark[-1]).any()
        assert not (dark[:, 0] | dark[:, -1]).any()
    # As many dark pixels, except for other subpixels and lost spaces.
    assert ink(broken).sum() == pytest.approx(ink(one_line).sum(), rel=0.15)


def test_lines_are_broken_where_they_must_be():
    width = write_text('cat and dog').shape[1]
    heights = [write_text('cat and dog', width - less).shape[0] for less in (0, 9)]
    assert heights == [28, 28 + 22]


def test_letters_of_other_alphabets_are_drawn():
    unknown = write_text('\N{CJK UNIFIED IDEOGRAPH-732B}')  # a font of no Chinese
    for letter in 'üśЖΩ→’':
        picture = write_text(letter)
        assert ink(picture).any()
        assert picture.shape != unknown.shape or (picture != unknown).any()


def test_pictures_are_in_rows_and_columns():
    def tile(height, width, value):
        return np.full((height, width, 3), value, np.uint8)

    page = stack([[tile(1, 2, 10), tile(2, 1, 20)], [tile(1, 1, 30)]], gap=1)

    # Columns of 2 and 1 pixels, rows of 2 and 1, one between.
    first, rest = [10, 10, 255, 20], [255, 255, 255]
    assert page[..., 0].tolist() == [first, [*rest, 20], [*rest, 255], [30, *rest]]
