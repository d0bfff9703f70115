import mat4py
import pytest
from writers import write_dogs_list, write_xml

from mmccam.registry import DATASETS

CHIHUAHUA, DHOLE = 'n02085620-Chihuahua', 'n02115913-dhole'
NAMES = [f'{CHIHUAHUA}/n02085620_650', f'{DHOLE}/n02115913_1']


@pytest.fixture
def root(tmp_path, write_image):
    """Two breeds with an image of 8 x 6 pixels each, both in either list."""
    boxes = [[('Chihuahua', 1, 2, 3, 4), ('Chihuahua', 0, 0, 8, 6)]]
    boxes += [[('dhole', 2, 1, 7, 5)]]
    for name, objects in zip(NAMES, boxes):
        write_image(tmp_path / f'Images/{name}.jpg', 8, 6)
        path = tmp_path / 'Annotation' / name
        write_xml(path, (8, 6), objects, 'ImageNet database')
    write_dogs_list(tmp_path / 'lists/train_list.mat', NAMES, [1, 2])
    write_dogs_list(tmp_path / 'lists/test_list.mat', NAMES[::-1], [2, 1])
    return tmp_path


def build(root, split='train'):
    return DATASETS.build(
        dict(type='mmccam.StanfordDogs', data_root=str(root), split=split)
    )


def test_samples_have_path_label_and_boxes(root):
    dataset = build(root)

    assert dataset.metainfo['classes'] == ('Chihuahua', 'dhole')
    first, second = (dataset.get_data_info(index) for index in range(2))
    assert first['img_path'] == str(root / f'Images/{NAMES[0]}.jpg')
    assert (first['gt_label'], second['gt_label']) == (0, 1)
    # 8 and 6 are clipped to the last pixels, 7 and 5.
    assert first['loc_boxes'].tolist() == [[1, 2, 3, 4], [0, 0, 7, 5]]
    assert second['loc_boxes'].tolist() == [[2, 1, 7, 5]]


def test_the_config_gives_samples_with_boxes(root, build_from_config):
    sample = build_from_config('nlccam/nlccam_vgg16_dogs', root)[0]

    assert sample['inputs'].shape == (3, 224, 224)
    # The first one of the list of its split.
    assert sample['data_samples'].gt_label.tolist() == [1]
    assert sample['data_samples'].loc_boxes.tolist() == [[2, 1, 7, 5]]


def test_a_label_that_is_not_the_place_of_the_folder_is_refused(root):
    write_dogs_list(root / 'lists/train_list.mat', NAMES, [1, 3])

    message = r'train_list.mat, image 2: the label of .*_1.jpg must be 2, .* got 3'
    with pytest.raises(ValueError, match=message):
        build(root)


@pytest.mark.parametrize('file', [f'Images/{NAMES[1]}.jpg', f'Annotation/{NAMES[1]}'])
def test_a_missing_image_or_annotation_is_named(root, file):
    (root / file).unlink()

    with pytest.raises(
        ValueError, match=f'train_list.mat, image 2: there is no file .*{file}'
    ):
        build(root)


def test_a_missing_list_is_named(root):
    (root / 'lists/train_list.mat').unlink()

    with pytest.raises(FileNotFoundError, match='lists/train_list.mat'):
        build(root)


def save_without_labels(path):
    lists = dict(file_list=['ab.jpg', 'c.jpg'], annotation_list=['ab', 'c'])
    mat4py.savemat(str(path), lists)


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (
            lambda path: path.write_bytes(path.read_bytes()[:200]),
            'train_list.mat must be a MATLAB file with file_list, ',
        ),
        (save_without_labels, "file_list, .* got KeyError.'labels'"),
        (
            lambda path: write_dogs_list(path, NAMES, [1]),
            'train_list.mat .* different lengths',
        ),
    ],
    ids=['broken', 'no labels', 'too few labels'],
)
def test_a_wrong_list_is_refused(root, spoil, message):
    spoil(root / 'lists/train_list.mat')

    with pytest.raises(ValueError, match=message):
        build(root)
