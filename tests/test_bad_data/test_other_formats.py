"""Annotations with mistakes in CUB's own layout, of which all problems are found."""

import numpy as np
import pytest
from PIL import Image

from mmccam.datasets.check import check_datasets
from mmccam.registry import DATASETS

FILES = {
    'images.txt': '1 001.Albatross/a.jpg\n2 002.Wren/b.jpg\n',
    'image_class_labels.txt': '1 1\n2 2\n',
    'train_test_split.txt': '1 0\n2 0\n',
    'bounding_boxes.txt': '1 0 1 4 3\n2 2 2 6 4\n',
}
MISTAKES = {
    'a name with a space': (
        'images.txt',
        '2 002.Wren/the b.jpg',
        'expected "id path", got "2 002.Wren/the b.jpg"',
    ),
    'a number twice': (
        'images.txt',
        '1 002.Wren/b.jpg',
        'the image 1 already has a line',
    ),
    'an image twice': (
        'images.txt',
        '2 001.Albatross/a.jpg',
        '001.Albatross/a.jpg stands there twice, first in {root}/images.txt, line 1',
    ),
    'an image that is not there': (
        'images.txt',
        '2 002.Wren/c.jpg',
        'there is no file "{root}/images/002.Wren/c.jpg"',
    ),
    'a path above the images': (
        'images.txt',
        '2 ../b.jpg',
        '../b.jpg must be a path below {root}/images',
    ),
    'a class out of range': (
        'image_class_labels.txt',
        '2 201',
        'the class must lie between 1 and 200, got 201',
    ),
    'a class of text': (
        'image_class_labels.txt',
        '2 wren',
        'expected "id class", got "2 wren"',
    ),
    'another split': (
        'train_test_split.txt',
        '2 2',
        'expected "id 0|1", got "2 2"',
    ),
    'a box of no width': (
        'bounding_boxes.txt',
        '2 2 2 0 4',
        'the box is empty or outside: [2.0, 2.0, 0.0, 4.0]',
    ),
    'a box with NaN': (
        'bounding_boxes.txt',
        '2 nan 2 6 4',
        'the box is empty or outside: [nan, 2.0, 6.0, 4.0]',
    ),
    'a box that starts before the image': (
        'bounding_boxes.txt',
        '2 -1 2 6 4',
        'the box is empty or outside: [-1.0, 2.0, 6.0, 4.0]',
    ),
    'a box of text': (
        'bounding_boxes.txt',
        '2 2 2 6 x',
        'expected "id x y width height", got "2 2 2 6 x"',
    ),
    'a second box': (
        'bounding_boxes.txt',
        '1 2 2 6 4',
        'the image 1 already has a line',
    ),
    'a box behind the image': (
        'bounding_boxes.txt',
        '2 8 2 6 4',
        'the box [8.0, 2.0, 14.0, 6.0] is reversed or outside the image of 8 x 6 '
        'pixels',
    ),
    'a box without a height': (
        'bounding_boxes.txt',
        '2 2 2 6',
        'expected "id x y width height", got "2 2 2 6"',
    ),
}


@pytest.fixture
def cub(tmp_path):
    """Two images of 8 x 6 pixels to test on, in the layout of CUB-200-2011."""
    for line in FILES['images.txt'].splitlines():
        path = tmp_path / 'images' / line.split()[1]
        path.parent.mkdir(parents=True)
        noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(noise).save(path)
    for file, text in FILES.items():
        (tmp_path / file).write_text(text)
    return tmp_path


def config(root):
    return dict(type='mmccam.CUB', data_root=str(root), split='test', test_mode=True)


def write_second_line(path, line):
    path.write_text(f'{path.read_text().splitlines()[0]}\n{line}\n')


@pytest.mark.parametrize('mistake', MISTAKES)
def test_a_wrong_line_is_refused(cub, mistake):
    file, line, message = MISTAKES[mistake]
    write_second_line(cub / file, line)

    with pytest.raises(ValueError) as error:
        DATASETS.build(dict(config(cub), serialize_data=False))

    assert str(error.value) == f'{cub / file}, line 2: {message.format(root=cub)}'


@pytest.mark.parametrize('file', [file for file in FILES if file != 'images.txt'])
def test_a_missing_line_is_named(cub, file):
    write_second_line(cub / file, '')

    message = f'^{cub / file} has no (class|split|box) for the image 002.Wren/b.jpg$'
    with pytest.raises(ValueError, match=message):
        DATASETS.build(dict(config(cub), serialize_data=False))


@pytest.mark.parametrize('file', FILES)
def test_a_missing_file_is_named(cub, file):
    (cub / file).unlink()

    with pytest.raises(FileNotFoundError, match=f'^there is no file {cub / file}$'):
        DATASETS.build(dict(config(cub), serialize_data=False))


def test_an_unknown_split_is_refused(cub):
    with pytest.raises(
        ValueError, match="^split must be one of train, test, got 'val'"
    ):
        DATASETS.build(dict(config(cub), split='val'))


def test_an_unreadable_image_is_refused_in_evaluation(cub):
    (cub / 'images/002.Wren/b.jpg').write_bytes(b'')

    with pytest.raises(ValueError, match='^cannot read the image .*002.Wren/b.jpg: '):
        DATASETS.build(config(cub))


def test_an_unreadable_image_is_left_to_the_pipeline_in_training(cub):
    (cub / 'train_test_split.txt').write_text('1 1\n2 1\n')
    (cub / 'images/002.Wren/b.jpg').write_bytes(b'')

    dataset = DATASETS.build(dict(config(cub), split='train', test_mode=False))

    # Clipped, and as it stands there.
    boxes = [dataset.get_data_info(index)['loc_boxes'] for index in range(2)]
    assert [box.tolist() for box in boxes] == [[[0, 1, 4, 4]], [[2, 2, 8, 6]]]


def test_a_check_finds_all_problems(cub):
    write_second_line(cub / 'bounding_boxes.txt', '2 2 2 0 4')
    write_second_line(cub / 'image_class_labels.txt', '3 1\n')
    path = cub / 'images/001.Albatross/a.jpg'
    path.write_bytes(path.read_bytes()[:-9])
    problems = []

    summaries = check_datasets(dict(test=config(cub)), problems.append, print)

    label, box, image = problems
    assert label.endswith('has no class for the image 002.Wren/b.jpg')
    assert box.endswith('line 2: the box is empty or outside: [2.0, 2.0, 0.0, 4.0]')
    assert image.startswith(f'cannot read the image {path}: image file is truncated')
    assert (summaries['test'].images, summaries['test'].problems) == (2, 3)
