import mat4py
import pytest
from mmpretrain.datasets.categories import STANFORDCARS_CATEGORIES

from mmccam.registry import DATASETS

# The first two are for training. The last box ends a pixel behind the image.
BOXES = dict(bbox_x1=[2, 1, 3], bbox_y1=[3, 1, 2], bbox_x2=[4, 1, 9], bbox_y2=[5, 1, 6])
CLASSES = [1, 196, 7]


def save(root, file, **fields):
    (root / file).parent.mkdir(exist_ok=True)
    mat4py.savemat(str(root / file), dict(annotations=fields))


def save_one_file(root, classes=CLASSES, **boxes):
    names = [f'car_ims/{number:06}.jpg' for number in (1, 2, 3)]
    save(
        root,
        'cars_annos.mat',
        relative_im_path=names,
        **{**BOXES, **boxes},
        **{'class': classes},
        test=[0, 0, 1],
    )


@pytest.fixture
def one_file(tmp_path, write_image):
    """Three images of 8 x 6 pixels with all annotations in one file."""
    for number in (1, 2, 3):
        write_image(tmp_path / f'car_ims/{number:06}.jpg', 8, 6)
    save_one_file(tmp_path)
    return tmp_path


@pytest.fixture
def two_files(tmp_path, write_image):
    """The same in the other published layout, with the test image twice."""
    rows = dict(train=[0, 1], test=[2, 2])
    files = dict(train='cars_train_annos.mat', test='cars_test_annos_withlabels.mat')
    for split, indices in rows.items():
        for number in (1, 2):
            write_image(tmp_path / f'cars_{split}/{number:05}.jpg', 8, 6)
        save(
            tmp_path,
            f'devkit/{files[split]}',
            **{name: [values[i] for i in indices] for name, values in BOXES.items()},
            **{'class': [CLASSES[index] for index in indices]},
            fname=['00001.jpg', '00002.jpg'],
        )
    return tmp_path


@pytest.fixture(params=['one_file', 'two_files'])
def root(request):
    return request.getfixturevalue(request.param)


def build(root, split='train'):
    return DATASETS.build(
        dict(type='mmccam.StanfordCars', data_root=str(root), split=split)
    )


def test_labels_and_boxes_count_from_zero_and_boxes_end_inside_the_image(root):
    train, test = build(root), build(root, 'test')

    assert len(train) == 2
    boxes = [train.get_data_info(index)['loc_boxes'].tolist() for index in range(2)]
    assert boxes == [[[1, 2, 3, 4]], [[0, 0, 0, 0]]]
    assert [train.get_data_info(index)['gt_label'] for index in range(2)] == [0, 195]
    assert train.metainfo['classes'] == STANFORDCARS_CATEGORIES
    # 9 - 1 = 8 lies behind the last column, 7.
    assert test.get_data_info(0)['loc_boxes'].tolist() == [[2, 1, 7, 5]]


def test_the_config_gives_samples_with_boxes(root, build_from_config):
    dataset = build_from_config('nlccam/nlccam_vgg16_cars', root)

    assert dataset.test_mode
    sample = dataset[0]
    assert sample['inputs'].shape == (3, 224, 224)
    assert sample['data_samples'].loc_boxes.tolist() == [[2, 1, 7, 5]]


@pytest.mark.parametrize('label', [0, 197])
def test_a_class_out_of_range_is_refused(one_file, label):
    save_one_file(one_file, classes=[1, label, 7])

    message = f'cars_annos.mat, car_ims/000002.jpg: .* between 1 and 196, got {label}'
    with pytest.raises(ValueError, match=message):
        build(one_file)


@pytest.mark.parametrize('x1', [5, 9])
def test_a_box_reversed_or_outside_is_refused(one_file, x1):
    save_one_file(one_file, bbox_x1=[x1, 1, 3])

    message = r'000001.jpg: the box .* is reversed, NaN or outside .* 8 x 6 pixels'
    with pytest.raises(ValueError, match=message):
        build(one_file)


def test_a_missing_image_is_named(one_file):
    (one_file / 'car_ims/000002.jpg').unlink()

    with pytest.raises(ValueError, match='there is no file .*car_ims/000002.jpg'):
        build(one_file)


@pytest.mark.parametrize(
    ('split', 'file'),
    [('train', 'cars_train_annos.mat'), ('test', 'cars_test_annos_withlabels.mat')],
)
def test_missing_annotations_are_named(tmp_path, split, file):
    message = f'must have cars_annos.mat or devkit/{file}, and has neither'
    with pytest.raises(FileNotFoundError, match=message):
        build(tmp_path, split)
