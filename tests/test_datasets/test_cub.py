import pytest
from small_sets import write_image

from mmccam.datasets.check import check_datasets
from mmccam.registry import DATASETS

FILES = {
    'images.txt': '1 001.Albatross/a.jpg\n2 002.Wren/b.jpg\n3 002.Wren/c.jpg\n',
    'image_class_labels.txt': '1 1\n2 2\n3 2\n',
    'train_test_split.txt': '1 0\n2 0\n3 1\n',
    'bounding_boxes.txt': '1 0.0 1.0 4.0 3.0\n2 2 2 6 4\n3 1 0 5 5\n',
}
CLASS = 'the class must lie between 1 and 200, got'
EMPTY = 'the box is empty or outside:'
BOX = 'expected "id x y width height", got'
# The second line of each file, and the message.
MISTAKES = {
    'images.txt': {
        '2 002.Wren/the b.jpg': 'expected "id path", got "2 002.Wren/the b.jpg"',
        '1 002.Wren/b.jpg': 'the image 1 already has a line',
        '2 001.Albatross/a.jpg': '001.Albatross/a.jpg is listed twice, first in '
        '{root}/images.txt, line 1',
        '2 002.Wren/d.jpg': 'there is no file "{root}/images/002.Wren/d.jpg"',
    },
    'image_class_labels.txt': {
        '2 0': f'{CLASS} 0',
        '2 201': f'{CLASS} 201',
        '2 wren': 'expected "id class", got "2 wren"',
    },
    'train_test_split.txt': {'2 2': 'expected "id 0|1", got "2 2"'},
    'bounding_boxes.txt': {
        '2 2 2 0 4': f'{EMPTY} [2.0, 2.0, 0.0, 4.0]',
        '2 -1 2 6 4': f'{EMPTY} [-1.0, 2.0, 6.0, 4.0]',
        '2 2 2 6': f'{BOX} "2 2 2 6"',
        '1 2 2 6 4': 'the image 1 already has a line',
        '2 8 2 6 4': 'the box [8.0, 2.0, 14.0, 6.0] is reversed, NaN or outside the '
        'image of 8 x 6 pixels',
    },
}


@pytest.fixture
def root(tmp_path):
    """Three images of 8 x 6 pixels, the first two for test."""
    for line in FILES['images.txt'].splitlines():
        write_image(tmp_path / 'images' / line.split()[1])
    for file, text in FILES.items():
        (tmp_path / file).write_text(text)
    return tmp_path


def config(root, split='test'):
    kind = dict(type='mmccam.CUB', serialize_data=False)
    return dict(kind, data_root=str(root), split=split, test_mode=split == 'test')


def infos(root, split='test'):
    dataset = DATASETS.build(config(root, split))
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def write_second_line(path, line):
    lines = path.read_text().splitlines()
    path.write_text('\n'.join([lines[0], line, *lines[2:]]))


def test_each_split_has_boxes_as_corners_that_end_inside_the_image(root):
    # x + w and y + h; at most the last pixel, 7 and 5.
    boxes = [info['loc_boxes'].tolist() for info in infos(root)]
    assert boxes == [[[0, 1, 4, 4]], [[2, 2, 7, 5]]]
    (info,) = infos(root, 'train')
    assert info['img_path'].endswith('002.Wren/c.jpg')
    assert info['gt_label'] == 1
    assert info['loc_boxes'].tolist() == [[1, 0, 6, 5]]


@pytest.mark.parametrize(
    ('file', 'line'), [(file, line) for file in MISTAKES for line in MISTAKES[file]]
)
def test_a_wrong_line_is_refused_and_found_by_a_check(root, file, line):
    write_second_line(root / file, line)
    problems = []

    with pytest.raises(ValueError) as error:
        infos(root)
    check_datasets(dict(test=config(root)), problems.append, print)

    message = f'{root / file}, line 2: {MISTAKES[file][line].format(root=root)}'
    assert str(error.value) == message
    assert message in problems


@pytest.mark.parametrize('file', FILES)
def test_a_missing_line_or_file_is_named(root, file):
    if file != 'images.txt':
        write_second_line(root / file, '')
        message = f'^{root / file} has no (class|split|box) for the image 002.Wren/b.j'
        with pytest.raises(ValueError, match=message):
            infos(root)
    (root / file).unlink()
    with pytest.raises(FileNotFoundError, match=f'^there is no file {root / file}$'):
        infos(root)


def test_an_unreadable_image_is_refused_in_evaluation_alone(root):
    (root / 'images/002.Wren/b.jpg').write_bytes(b'')

    with pytest.raises(ValueError, match='^cannot read the image .*002.Wren/b.jpg: '):
        infos(root)
    # In training the pipeline decides. One box is clipped, one as the file has it.
    (root / 'train_test_split.txt').write_text('1 1\n2 1\n3 1\n')
    boxes = [info['loc_boxes'].tolist() for info in infos(root, 'train')[:2]]
    assert boxes == [[[0, 1, 4, 4]], [[2, 2, 8, 6]]]
