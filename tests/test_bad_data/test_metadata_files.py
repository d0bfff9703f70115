"""Files of the metadata format that are missing, incomplete or odd."""

import re

import pytest

from mmccam.datasets.check import check_datasets


@pytest.mark.parametrize(
    ('file', 'text', 'message'),
    [
        ('classes', '', 'names no class'),
        ('metadata/test/image_ids', '', 'names no image'),
        ('metadata/test/image_ids', ' \n\n', 'names no image'),
        ('metadata/test/class_labels', '', 'has no line for test/a.png'),
        ('metadata/test/class_labels', 'test/a.png,0', 'has no line for test/b.png'),
        (
            'metadata/test/localization',
            '',
            'has no box or mask for test/a.png, which the evaluation of the split test '
            'needs',
        ),
    ],
)
def test_what_a_file_lacks_is_named(root, build, file, text, message):
    path = root / f'{file}.txt'
    path.write_text(text)

    with pytest.raises(ValueError) as error:
        build()

    assert str(error.value) == f'{path} {message}'


@pytest.mark.parametrize(
    'file',
    [
        'metadata/test/image_ids.txt',
        'metadata/test/class_labels.txt',
        'metadata/test/localization.txt',
    ],
)
def test_a_missing_file_is_named(root, build, file):
    (root / file).unlink()

    with pytest.raises(FileNotFoundError) as error:
        build()

    assert str(error.value) == f'there is no file {root / file}'


def test_missing_classes_are_named(root, build):
    (root / 'classes.txt').unlink()

    with pytest.raises(FileNotFoundError) as error:
        build()

    path = root / 'classes.txt'
    assert str(error.value) == f'there is no {path}, so that num_classes must be given'


@pytest.mark.parametrize('text', ['test/ä.png,0'.encode('latin1'), b'\xff\xfea\0,\0'])
def test_text_of_another_encoding_is_refused(root, build, text):
    path = root / 'metadata/test/class_labels.txt'
    path.write_bytes(text)

    with pytest.raises(ValueError, match=f'^{path} is no UTF-8 text: '):
        build()


def test_an_unknown_split_is_refused(root, configs):
    problems = []

    check_datasets(
        {'test': dict(configs['test'], split='tset')}, problems.append, print
    )

    assert problems == [f'there is no file {root}/metadata/tset/image_ids.txt']


@pytest.mark.parametrize(
    ('old', 'new'),
    [
        ('^', '\ufeff'),
        ('\n', '\r\n'),
        ('\n', '\n\n'),
        ('\n$', ''),
    ],
    ids=['byte-order mark', 'CRLF', 'blank lines', 'no last line end'],
)
def test_line_ends_and_byte_order_marks_do_not_matter(root, build, old, new):
    for path in root.rglob('*.txt'):
        text = re.sub(old, new, path.read_bytes().decode())
        path.write_bytes(text.encode())

    dataset = build()

    assert dataset.metainfo['classes'] == ('red fish', 'blue fish')
    first, second = (dataset.get_data_info(index) for index in range(2))
    assert (first['gt_label'], second['gt_label']) == (0, 1)
    assert second['loc_boxes'].tolist() == [[1, 2, 3, 4], [0, 0, 8, 6]]


# Letters of several bytes, a space, and what Unicode holds for a line end.
@pytest.mark.parametrize('name', ['Vögel/鳥.png', 'a b.png', 'a\u2028b\x85.png'])
def test_names_may_be_of_any_letters(root, build, name):
    path = root / f'images/{name}'
    path.parent.mkdir(exist_ok=True)
    (root / 'images/test/a.png').rename(path)
    for file in (root / 'metadata/test').iterdir():
        text = file.read_text().replace('test/a.png', name)
        file.write_bytes(text.encode())

    sample = build()[0]['data_samples']

    assert sample.img_path == str(path)
    assert sample.loc_boxes.tolist() == [[0, 0, 7, 5]]


@pytest.mark.parametrize(
    ('line', 'box'),
    [
        ('test/a.png,0,0,8,6', [0, 0, 8, 6]),
        ('test/a.png,2,1,2,1', [2, 1, 2, 1]),
        ('test/a.png,0.5,1e0, 3 ,4.25', [0.5, 1, 3, 4.25]),
    ],
    ids=['up to width and height', 'one pixel', 'any numbers'],
)
def test_odd_boxes_are_taken(root, build, line, box):
    path = root / 'metadata/test/localization.txt'
    path.write_text(path.read_text().replace('test/a.png,0,0,7,5', line))

    assert build().get_data_info(0)['loc_boxes'].tolist() == [box]
