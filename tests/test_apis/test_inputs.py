import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmccam.apis.images import list_images, read_batches

GRAY = np.zeros((4, 6), np.uint8)


def names(paths):
    return [Path(path).name for path in paths]


def test_links_are_followed_but_not_in_a_circle(images):
    (images / 'b/link').symlink_to(images / 'a')
    (images / 'b/above').symlink_to(images / 'b')
    found = names(list_images(images / 'b'))
    assert found == ['1.png', '3.png', '0.png', '2.png', '4.png']


@pytest.mark.parametrize('orientation', range(1, 9))
def test_a_photograph_is_upright_as_opencv_shows_it(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    bars = np.kron([[0, 90, 255], [30, 160, 200]], np.ones((8, 8))).astype(np.uint8)
    path = str(tmp_path / 'photo.jpg')
    Image.fromarray(bars).save(path, exif=exif)
    ((_, bgr, _),) = next(read_batches([[(0, path)]], lambda sample: 0, False))
    assert bgr.shape[:2] == ((16, 24) if orientation < 5 else (24, 16))
    np.testing.assert_allclose(bgr, cv2.imread(path), atol=2)


def test_patterns_and_a_file_whose_name_looks_like_one(images):
    assert names(list_images(f'{images}/*/[12].png')) == ['2.png', '1.png']
    path = images / 'a[1].png'
    path.write_bytes((images / 'a/0.png').read_bytes())
    assert list_images(path) == [str(path)]


def test_several_of_all_kinds(images):
    found = list_images([GRAY, images / 'b', str(images / 'a/0.png'), 's3://a/b.jpg'])
    assert found[0] is GRAY
    assert names(found[1:]) == ['1.png', '3.png', '0.png', 'b.jpg']


@pytest.mark.parametrize(
    ('inputs', 'error', 'message'),
    [
        ('nowhere', FileNotFoundError, 'no image or folder nowhere'),
        ('nowhere/*.jpg', FileNotFoundError, r'no file of the pattern nowhere/\*\.jpg'),
        (3, TypeError, 'images must be paths, arrays or several, got 3'),
        ([None], TypeError, 'an image must be a path or an array, got None'),
        (np.zeros((4, 6, 4), np.uint8), ValueError, r'got the shape \(4, 6, 4\)'),
        (np.zeros((0, 6, 3)), ValueError, r'uint8, got the shape \(0, 6, 3\) and flo'),
    ],
)
def test_wrong_inputs(inputs, error, message):
    with pytest.raises(error, match=message):
        list_images(inputs)


def test_a_folder_that_cannot_be_read_is_left_to_the_reading(images, monkeypatch):
    def scan(path, scandir=os.scandir):
        if str(path) == f'{images}/a':
            raise PermissionError(13, 'Permission denied', str(path))
        return scandir(path)

    monkeypatch.setattr(os, 'scandir', scan)
    assert names(list_images(images)) == ['1.png', '3.png', 'a']


def test_animations_are_found(tmp_path):
    (tmp_path / 'a.GIF').write_bytes(b'')
    assert names(list_images(tmp_path)) == ['a.GIF']


def test_a_folder_without_images(tmp_path):
    (tmp_path / 'notes.txt').write_text('no image')
    with pytest.raises(ValueError, match=f'folder {tmp_path} has no image'):
        list_images(tmp_path)
