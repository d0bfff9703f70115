from functools import partial

import mat4py
import pytest
from mmpretrain.datasets.categories import STANFORDCARS_CATEGORIES
from small_sets import build_from_config, write_image

# The first two are for training. The last box ends a pixel behind the image.
FIELDS = {
    'bbox_x1': [2, 1, 3],
    'bbox_y1': [3, 1, 2],
    'bbox_x2': [4, 1, 9],
    'bbox_y2': [5, 1, 6],
    'class': [1, 196, 7],
}
NAMES = [f'car_ims/{number:06}.jpg' for number in (1, 2, 3)]


def save(root, file, fields):
    (root / file).parent.mkdir(exist_ok=True)
    mat4py.savemat(str(root / file), dict(annotations=fields))


def save_one_file(root, **changes):
    fields = dict(FIELDS, **changes)
    save(root, 'cars_annos.mat', dict(fields, relative_im_path=NAMES, test=[0, 0, 1]))


build = partial(build_from_config, 'nlccam/nlccam_vgg16_cars')


@pytest.fixture
def one_file(tmp_path):
    """Three images of 8 x 6 pixels with all annotations in one file."""
    for name in NAMES:
        write_image(tmp_path / name)
    save_one_file(tmp_path)
    return tmp_path


@pytest.fixture
def two_files(tmp_path):
    """The same in the other published layout, with the test image twice."""
    names = ['00001.jpg', '00002.jpg']
    for file, rows in dict(train_annos=[0, 1], test_annos_withlabels=[2, 2]).items():
        for name in names:
            write_image(tmp_path / f'cars_{file.split("_")[0]}' / name)
        fields = {key: [FIELDS[key][row] for row in rows] for key in FIELDS}
        save(tmp_path, f'devkit/cars_{file}.mat', dict(fields, fname=names))
    return tmp_path


@pytest.fixture(params=['one_file', 'two_files'])
def root(request):
    return request.getfixturevalue(request.param)


def test_labels_and_boxes_count_from_zero_and_boxes_end_inside_the_image(root):
    train, test = build(root, 'train'), build(root, 'test')

    first, second = (train.get_data_info(index) for index in range(len(train)))
    assert first['loc_boxes'].tolist() == [[1, 2, 3, 4]]
    assert second['loc_boxes'].tolist() == [[0, 0, 0, 0]]
    assert (first['gt_label'], second['gt_label']) == (0, 195)
    assert train.metainfo['classes'] == STANFORDCARS_CATEGORIES
    sample = test[0]
    assert sample['inputs'].shape == (3, 224, 224)
    # 9 - 1 = 8 lies behind the last column, 7.
    assert sample['data_samples'].loc_boxes.tolist() == [[2, 1, 7, 5]]


BOX = '000001.jpg: the box .* is reversed'
CLASS = 'cars_annos.mat, car_ims/000002.jpg: .* between 1 and 196, got'


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'class': [1, 0, 7]}, f'{CLASS} 0'),
        ({'class': [1, 197, 7]}, f'{CLASS} 197'),
        ({'bbox_x1': [5, 1, 3]}, BOX),
        ({}, 'there is no file .*car_ims/000002.jpg'),
    ],
)
def test_a_wrong_annotation_is_refused(one_file, changes, message):
    save_one_file(one_file, **changes)
    if not changes:
        (one_file / NAMES[1]).unlink()

    with pytest.raises(ValueError, match=message):
        build(one_file, 'train')


@pytest.mark.parametrize(
    ('split', 'file'),
    [('train', 'cars_train_annos.mat'), ('test', 'cars_test_annos_withlabels.mat')],
)
def test_missing_annotations_are_named(tmp_path, split, file):
    message = f'must have cars_annos.mat or devkit/{file}, and has neither'
    with pytest.raises(FileNotFoundError, match=message):
        build(tmp_path, split)
