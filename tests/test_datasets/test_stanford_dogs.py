from functools import partial
from pathlib import Path

import mat4py
import pytest
from small_sets import build_from_config, write_image
from writers import write_dogs_list, write_xml

CHIHUAHUA, DHOLE = 'n02085620-Chihuahua', 'n02115913-dhole'
NAMES = [f'{CHIHUAHUA}/n02085620_650', f'{DHOLE}/n02115913_1']
LIST = 'lists/train_list.mat'
build = partial(build_from_config, 'nlccam/nlccam_vgg16_dogs')


@pytest.fixture
def root(tmp_path):
    """Two breeds with an image of 8 x 6 pixels each, both in either list."""
    boxes = [[('Chihuahua', 1, 2, 3, 4), ('Chihuahua', 0, 0, 8, 6)]]
    boxes += [[('dhole', 2, 1, 7, 5)]]
    for name, objects in zip(NAMES, boxes):
        write_image(tmp_path / f'Images/{name}.jpg')
        path = tmp_path / 'Annotation' / name
        write_xml(path, (8, 6), objects, 'ImageNet database')
    write_dogs_list(tmp_path / 'lists/train_list.mat', NAMES, [1, 2])
    write_dogs_list(tmp_path / 'lists/test_list.mat', NAMES[::-1], [2, 1])
    return tmp_path


def test_samples_have_path_label_and_boxes(root):
    dataset = build(root, 'train')

    assert dataset.metainfo['classes'] == ('Chihuahua', 'dhole')
    first, second = (dataset.get_data_info(index) for index in range(2))
    assert first['img_path'] == str(root / f'Images/{NAMES[0]}.jpg')
    assert (first['gt_label'], second['gt_label']) == (0, 1)
    # 8 and 6 are clipped to the last pixels, 7 and 5.
    assert first['loc_boxes'].tolist() == [[1, 2, 3, 4], [0, 0, 7, 5]]
    assert second['loc_boxes'].tolist() == [[2, 1, 7, 5]]
    # In the list of the other split it is the first.
    sample = build(root, 'test')[0]
    assert sample['inputs'].shape == (3, 224, 224)
    assert sample['data_samples'].gt_label.tolist() == [1]


def save_without_labels(path):
    lists = dict(file_list=['ab.jpg', 'c.jpg'], annotation_list=['ab', 'c'])
    mat4py.savemat(str(path), lists)


def truncate(path):
    path.write_bytes(path.read_bytes()[:200])


def relabel(*labels):
    return partial(write_dogs_list, names=NAMES, labels=labels)


NO_FILE = 'train_list.mat, image 2: there is no file .*'


@pytest.mark.parametrize(
    ('file', 'spoil', 'message'),
    [
        (f'Images/{NAMES[1]}.jpg', Path.unlink, f'{NO_FILE}/Images/{NAMES[1]}.jpg'),
        (f'Annotation/{NAMES[1]}', Path.unlink, f'{NO_FILE}/Annotation/{NAMES[1]}'),
        (LIST, Path.unlink, 'lists/train_list.mat'),
        (LIST, truncate, 'train_list.mat must be a MATLAB file with file_list, '),
        (LIST, save_without_labels, "file_list, .* got KeyError.'labels'"),
        (LIST, relabel(1), 'train_list.mat .* different lengths'),
        (LIST, relabel(1, 3), 'image 2: the label of .*_1.jpg must be 2, .* got 3'),
    ],
)
def test_what_is_missing_or_wrong_is_named(root, file, spoil, message):
    spoil(root / file)

    error = FileNotFoundError if (file, spoil) == (LIST, Path.unlink) else ValueError
    with pytest.raises(error, match=message):
        build(root, 'train')
