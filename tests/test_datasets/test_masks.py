"""Masks of odd kinds: any pixel that is not 0 is foreground."""

import numpy as np
import pytest
from bombs import bomb
from PIL import Image

from mmccam.datasets.files import read_mask


def read(path):
    return read_mask(str(path), 'image.jpg', (1, 3)).tolist()


def palette():
    mask = Image.fromarray(np.array([[0, 1, 2]], np.uint8)).convert('P')
    mask.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    return mask


@pytest.mark.parametrize(
    'mask',
    [
        Image.fromarray(np.array([[0, 1, 255]], np.uint8)),
        Image.fromarray(np.array([[0, 1, 256]], np.uint16)),
        Image.fromarray(np.array([[False, True, True]])),
        palette(),
    ],
    ids=['8 bits', '16 bits', '1 bit', 'palette'],
)
def test_whatever_is_not_0_is_foreground_in_the_pixels_as_they_are_stored(
    tmp_path, mask
):
    exif = Image.Exif()
    exif[0x0112] = 6  # the orientation: to be turned by 90 degrees
    mask.save(tmp_path / 'mask.png', exif=exif)

    assert read(tmp_path / 'mask.png') == [[False, True, True]]


@pytest.mark.parametrize('content', [None, b'', b'no mask', bomb(40_000)])
def test_an_unreadable_mask_is_named(tmp_path, content):
    path = tmp_path / 'mask.png'
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ValueError, match=f'^cannot read the mask {path}$'):
        read(path)
