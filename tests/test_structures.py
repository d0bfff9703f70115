import numpy as np
import pytest
import torch

from mmccam.structures import (
    ClassMaps,
    check_map_name,
    default_map_name,
    image_name,
    path_below,
    true_boxes,
)


def test_the_map_of_a_class_or_none():
    cam = torch.arange(3.0)[:, None, None].expand(3, 2, 5)
    maps = ClassMaps(torch.tensor([7, 2, 4]), dict(cam=cam))
    for label, expected in ((7, 0), (2, 1), (4, 2)):
        cam = maps.of('cam', label)
        np.testing.assert_array_equal(cam, np.full((2, 5), expected, np.float32))
    message = r'no map of the class 5, only of the classes \[7, 2, 4\]'
    with pytest.raises(ValueError, match=message):
        maps.of('cam', 5)


@pytest.mark.parametrize('name', ['float16', 'bfloat16', 'float32', 'float64'])
def test_maps_of_half_precision_are_widened(name):
    cam = torch.ones(1, 2, 2, dtype=getattr(torch, name))
    expected = np.float64 if name == 'float64' else np.float32
    assert ClassMaps(torch.tensor([3]), dict(cam=cam)).of('cam', 3).dtype == expected


def test_a_map_of_another_name_is_refused():
    message = r"""the head makes no map "ccam", only \['cam'\]: add it to the cams"""
    with pytest.raises(ValueError, match=message):
        check_map_name('ccam', dict(cam=None))


def test_the_preferred_map_ccam_or_the_only_one_is_the_default():
    for names in (['cam', 'ccam'], ['ccam', 'linear'], ['ccam']):
        assert default_map_name(names, preferred='ccam') == 'ccam'
    assert default_map_name(['ccam', 'cam'], preferred='cam') == 'cam'
    assert default_map_name(['ccam', 'linear'], preferred='cam') == 'ccam'
    assert default_map_name(['linear'], preferred='cam') == 'linear'
    with pytest.raises(ValueError, match='makes the maps cam, linear: name one'):
        default_map_name(['linear', 'cam'], preferred='ccam')


def sample_with(boxes):
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    return dict(img_path='bird.jpg', ori_shape=(20, 30), loc_boxes=boxes)


def test_true_boxes():
    # Some data sets give the end as one behind the last pixel.
    boxes = [(0, 0, 29, 19), (3, 2, 30, 20), (0, 0, 1, 1)]
    assert true_boxes(sample_with(boxes)).tolist() == [list(box) for box in boxes]


@pytest.mark.parametrize(
    ('boxes', 'more', 'message'),
    [
        ([], {}, 'bird.jpg has no true box'),
        ([(0, 0, 9, 9), (5, 3, 31, 12)], {}, r'bird.jpg: the box \[5.0, 3.0, 31.0, 12'),
        ([(0, 0, 9, 9)], dict(loc_masks=['a.png']), 'has masks, by which mmccam.PxAP'),
    ],
)
def test_wrong_true_boxes(boxes, more, message):
    with pytest.raises(ValueError, match=message):
        true_boxes(dict(sample_with(boxes), **more))


def test_an_image_has_the_name_of_its_file_or_a_number():
    path = '/data/images/cat/1.jpg'
    assert image_name(dict(img_path=path, sample_idx=12)) == 'cat/1.jpg'
    assert image_name(dict(sample_idx=12)) == '00012'
    assert path_below(dict(img_path=path), '/data/images') == 'cat/1.jpg'


@pytest.mark.parametrize('path', ['a.png', 'images/../a.png', 'images'])
def test_images_outside_of_the_root_are_refused(path):
    message = 'must lie below the folder /data/images, which root names, got /'
    with pytest.raises(ValueError, match=message):
        path_below(dict(img_path=f'/data/{path}'), '/data/images')


def test_images_without_a_file_are_refused():
    with pytest.raises(ValueError, match='must have files .*, these have no img_path'):
        path_below(dict(sample_idx=12), '/data/images')
