import numpy as np
import pytest

from mmccam.datasets.transforms import read_image
from mmccam.registry import DATASETS

NAMES = 'airplane bird car cat deer dog horse monkey ship truck'.split()


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


def build(root, split='train'):
    return DATASETS.build(dict(type='mmccam.STL10', data_root=str(root), split=split))


def test_images_are_rows_of_columns_in_bgr(root):
    dataset = build(root)

    for index, channel in enumerate((2, 0)):
        image = dataset.get_data_info(index)['img']
        assert image.shape == (96, 96, 3) and image.dtype == np.uint8
        assert np.argwhere(image).tolist() == [[2, 5, channel]]


@pytest.mark.parametrize(('split', 'labels'), [('train', [0, 9]), ('test', [6, 1])])
def test_labels_count_from_zero(root, split, labels):
    dataset = build(root, split)

    assert [dataset.get_data_info(index)['gt_label'] for index in range(2)] == labels
    assert dataset.metainfo['classes'] == tuple(NAMES)


@pytest.mark.parametrize('mode', ['train', 'test'])
def test_the_config_gives_samples_of_its_size(root, build_from_config, mode):
    sample = build_from_config('nlccam/nlccam_vgg16_stl10', root, mode)[1]

    assert sample['inputs'].shape == (3, 224, 224)
    assert sample['data_samples'].ori_shape == (96, 96)


def test_pictures_have_the_image_though_it_is_no_file(root, build_from_config):
    dataset = build_from_config('nlccam/nlccam_vgg16_stl10', root)

    image = read_image(dataset[1]['data_samples'], dataset)

    assert np.argwhere(image).tolist() == [[2, 5, 2]]  # blue, the last in RGB


def test_pixels_that_do_not_fit_the_labels_are_refused(root):
    path = root / 'train_X.bin'
    path.write_bytes(path.read_bytes()[:-1])

    message = r'train_X.bin must have 55296 bytes, .* has 2 labels, got 55295'
    with pytest.raises(ValueError, match=message):
        build(root)


@pytest.mark.parametrize('label', [0, 11])
def test_a_class_out_of_range_is_refused(root, label):
    (root / 'train_y.bin').write_bytes(bytes([1, label]))

    message = f'train_y.bin, image 2: the class must lie between 1 and 10, got {label}'
    with pytest.raises(ValueError, match=message):
        build(root)


@pytest.mark.parametrize('file', ['train_X.bin', 'train_y.bin', 'class_names.txt'])
def test_a_missing_file_is_named(root, file):
    (root / file).unlink()

    with pytest.raises(FileNotFoundError, match=file):
        build(root)
