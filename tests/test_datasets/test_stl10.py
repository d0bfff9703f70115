from functools import partial

import numpy as np
import pytest
from small_sets import build_from_config

from mmccam.datasets.transforms import read_image

NAMES = 'airplane bird car cat deer dog horse monkey ship truck'.split()
build = partial(build_from_config, 'nlccam/nlccam_vgg16_stl10')


@pytest.fixture
def root(tmp_path):
    """Two images a split: a bright pixel in row 2 and column 5, red and blue."""
    for split, labels in dict(train=[1, 10], test=[7, 2]).items():
        planes = np.zeros((2, 3, 96, 96), np.uint8)  # channel RGB, column, row
        planes[0, 0, 5, 2] = planes[1, 2, 5, 2] = 255
        planes.tofile(tmp_path / f'{split}_X.bin')
        np.array(labels, np.uint8).tofile(tmp_path / f'{split}_y.bin')
    (tmp_path / 'class_names.txt').write_text('\n'.join(NAMES) + '\n')
    return tmp_path


@pytest.mark.parametrize(('split', 'labels'), [('train', [0, 9]), ('test', [6, 1])])
def test_images_are_rows_of_columns_in_bgr_and_labels_count_from_zero(
    root, split, labels
):
    dataset = build(root, split)

    assert dataset.metainfo['classes'] == tuple(NAMES)
    for index, (label, channel) in enumerate(zip(labels, (2, 0))):
        info = dataset.get_data_info(index)
        assert info['gt_label'] == label
        assert info['img'].shape == (96, 96, 3) and info['img'].dtype == np.uint8
        assert np.argwhere(info['img']).tolist() == [[2, 5, channel]]

    # For pictures, though there is no file: blue, the last in RGB.
    sample = dataset[1]
    assert sample['inputs'].shape == (3, 224, 224)
    assert sample['data_samples'].ori_shape == (96, 96)
    image = read_image(sample['data_samples'], dataset)
    assert np.argwhere(image).tolist() == [[2, 5, 2]]


CLASS = 'train_y.bin, image 2: the class must lie between 1 and 10, got'


@pytest.mark.parametrize(
    ('file', 'content', 'message'),
    [
        ('train_X.bin', bytes(55295), 'must have 55296 bytes, .* has 2 .*, got 55295'),
        ('train_y.bin', bytes([1, 0]), f'{CLASS} 0'),
        ('train_y.bin', bytes([1, 11]), f'{CLASS} 11'),
        ('train_X.bin', None, 'train_X.bin'),
        ('train_y.bin', None, 'train_y.bin'),
        ('class_names.txt', None, 'class_names.txt'),
    ],
)
def test_a_wrong_or_missing_file_is_named(root, file, content, message):
    (root / file).unlink() if content is None else (root / file).write_bytes(content)

    error = FileNotFoundError if content is None else ValueError
    with pytest.raises(error, match=message):
        build(root, 'train')
