"""Folders in the metadata format: samples, and files that are missing or odd."""

import re

import pytest

from mmccam.datasets.check import check_datasets
from mmccam.datasets.metadata import read_classes
from mmccam.registry import DATASETS


def test_samples_have_path_label_and_boxes(root, build):
    dataset = build()

    assert dataset.metainfo['classes'] == ('red fish', 'blue fish')
    first, second = (dataset.get_data_info(index) for index in range(2))
    assert first['img_path'] == str(root / 'images/test/a.png')
    assert (first['gt_label'], second['gt_label']) == (0, 1)
    assert first['loc_boxes'].tolist() == [[0, 0, 7, 5]]
    assert second['loc_boxes'].tolist() == [[1, 2, 3, 4], [0, 0, 8, 6]]


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('red\nblue\n', ('red', 'blue')),
        ('1\n0\n', ('1', '0')),  # names, since there is one column
        ('1\tred\n0\tblue\n', ('blue', 'red')),
        ('2\tn01\tred\n1\tn02\tblue\n', ('blue', 'red')),
        ('10\tk\n' + ''.join(f'{n}\t{n}\n' for n in range(1, 10)), (*'123456789', 'k')),
        ('n02\tcrane\nn01\tcrane\n', ('crane', 'crane')),
    ],
)
def test_numbers_order_the_names_of_classes(tmp_path, text, expected):
    (tmp_path / 'classes.txt').write_text(text)
    assert read_classes(tmp_path) == expected


@pytest.mark.parametrize(
    ('text', 'line', 'message'),
    [
        ('0\ta\n2\tb', 2, 'numbered from 0 or 1 without a gap, got 2 instead of 1'),
        ('3\ta\n2\tb', 2, 'got 2 instead of 1'),
        ('0\ta\n00\tb', 2, '0 is listed twice, first in .*classes.txt, line 1'),
        ('0\ta\n1\ta', 2, 'a is listed twice'),
        ('a\nb\na', 3, 'a is listed twice'),
        ('n01\ta\nn01\tb', 2, 'n01 is listed twice'),
        ('0\ta\nb', 2, r"expected number and name, got \['b'\]"),
        ('-1\ta\n0\tb', 1, 'got -1 instead of 0'),
        ('0\ta\n1\t', 2, r"expected number and name, got \['1', ''\]"),
    ],
)
def test_classes_that_are_listed_wrongly(tmp_path, text, line, message):
    path = tmp_path / 'classes.txt'
    path.write_text(text)
    with pytest.raises(ValueError, match=f'^{path}, line {line}: .*{message}'):
        read_classes(tmp_path)


def test_training_does_not_read_the_boxes(root, build):
    (root / 'metadata/train/localization.txt').unlink()

    assert build('train').get_data_info(0)['loc_boxes'].shape == (0, 4)


@pytest.mark.parametrize('sizes', ['', None])
def test_boxes_are_checked_without_listed_sizes_too(root, build, sizes):
    path = root / 'metadata/test/image_sizes.txt'
    path.unlink() if sizes is None else path.write_text(sizes)
    path = root / 'metadata/test/localization.txt'
    path.write_text(path.read_text().replace('0,0,7,5', '0.5,1e0, 3 ,4.25'))
    assert build().get_data_info(0)['loc_boxes'].tolist() == [[0.5, 1, 3, 4.25]]
    path.write_text(path.read_text().replace('a.png,0.5', 'a.png,-1'))

    message = r'localization.txt, line 1: the box \[-1.0, .* of 8 x 6 pixels'
    with pytest.raises(ValueError, match=message):
        build()


def test_lines_of_other_images_are_ignored(root, build):
    (root / 'metadata/test/image_ids.txt').write_text('test/b.png\n')

    assert len(build()) == 1


NEEDED = 'test/a.png, which the evaluation of the split test needs'


@pytest.mark.parametrize(
    ('file', 'text', 'message'),
    [
        ('classes', '', 'names no class'),
        ('metadata/test/image_ids', '', 'names no image'),
        ('metadata/test/image_ids', ' \n\n', 'names no image'),
        ('metadata/test/class_labels', 'test/a.png,0', 'has no line for test/b.png'),
        (
            'metadata/test/localization',
            '',
            f'has no box or mask for {NEEDED}',
        ),
        ('metadata/test/image_ids', None, None),
        ('metadata/test/class_labels', None, None),
        ('metadata/test/localization', None, None),
    ],
)
def test_what_is_missing_is_named(root, build, file, text, message):
    path = root / f'{file}.txt'
    path.unlink() if text is None else path.write_text(text)

    with pytest.raises(FileNotFoundError if text is None else ValueError) as error:
        build()

    expected = f'there is no file {path}' if text is None else f'{path} {message}'
    assert str(error.value) == expected


@pytest.mark.parametrize('text', ['test/ä.png,0'.encode('latin1'), b'\xff\xfea\0,\0'])
def test_text_of_another_encoding_is_refused(root, build, text):
    path = root / 'metadata/test/class_labels.txt'
    path.write_bytes(text)

    with pytest.raises(ValueError, match=f'^{path} is no UTF-8 text: '):
        build()


SPLITS = {
    'CUB': 'train, test',
    'ILSVRC': 'train, val',
    'StanfordCars': 'train, test',
    'StanfordDogs': 'train, test',
    'STL10': 'train, test',
}


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            dict(num_classes=3),
            'num_classes must be 2, the number of classes in {root}/classes.txt, got 3',
        ),
        (
            dict(data_root='nowhere'),
            'there is no nowhere/classes.txt, so that num_classes must be given',
        ),
        (dict(split='tset'), 'there is no file {root}/metadata/tset/image_ids.txt'),
        (dict(metadata='x'), 'there is no file {root}/x/test/image_ids.txt'),
        (
            dict(images='x'),
            '{root}/metadata/test/image_ids.txt, line 1: there is no file '
            '"{root}/x/test/a.png"',
        ),
        *(
            (
                dict(type=f'mmccam.{name}', split='both'),
                f"split must be one of {splits}, got 'both'",
            )
            for name, splits in SPLITS.items()
        ),
    ],
)
def test_wrong_options_are_refused(root, configs, options, message):
    config = dict(configs['test'], **options)
    problems = []

    with pytest.raises((ValueError, FileNotFoundError)) as error:
        DATASETS.build(config)
    check_datasets(dict(test=config), problems.append, print)

    assert str(error.value) == problems[0] == message.format(root=root)


@pytest.mark.parametrize(
    ('old', 'new'),
    [('^', '\ufeff'), ('\n', '\r\n'), ('\n', '\n\n'), ('\n$', '')],
    ids=['byte-order mark', 'CRLF', 'blank lines', 'no last line end'],
)
def test_line_ends_and_byte_order_marks_do_not_matter(root, build, old, new):
    for path in root.rglob('*.txt'):
        text = re.sub(old, new, path.read_bytes().decode())
        path.write_bytes(text.encode())

    test_samples_have_path_label_and_boxes(root, build)


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


NUMBERS = 'expected whole numbers, got'
LABELS = 'the label must lie between 0 and 1, since there are 2 classes, got'
TWICE = 'is listed twice, first in {metadata}'
OUTSIDE = 'is reversed, NaN or outside the image of 8 x 6 pixels'
FORMATS = '"path,x0,y0,x1,y1" or "path,mask_path,ignore_path"'
# File and number of the line, what it is replaced by, and the message.
MISTAKES = {
    ('image_ids', 2): {
        'test/c.png': 'there is no file "{root}/images/test/c.png"',
        'test/B.png': 'there is no file "{root}/images/test/B.png"',
        'test/b.png ': 'there is no file "{root}/images/test/b.png "',
        'test/b.png,1': 'expected "path", got "test/b.png,1"',
        'test/a.png': f'test/a.png {TWICE}/image_ids.txt, line 1',
        'test/../../a.png': 'test/../../a.png must be a path below {root}/images',
        '/etc/passwd': '/etc/passwd must be a path below {root}/images',
    },
    ('class_labels', 2): {
        'test/b.png,2': f'{LABELS} 2',
        'test/b.png,-1': f'{LABELS} -1',
        'test/b.png,fish': f"{NUMBERS} ['fish']",
        'test/b.png,0.5': f"{NUMBERS} ['0.5']",
        'test/b.png,': f"{NUMBERS} ['']",
        'test/b.png': 'expected "path,label", got "test/b.png"',
        'test/b.png;1': 'expected "path,label", got "test/b.png;1"',
        'test/a.png,1': f'test/a.png {TWICE}/class_labels.txt, line 1',
    },
    ('image_sizes', 1): {
        'test/a.png,8': 'expected "path,width,height", got "test/a.png,8"',
        'test/a.png,8,high': f"{NUMBERS} ['8', 'high']",
        'test/a.png,8,0': "width and height must be at least 1, got ['8', '0']",
    },
    ('image_sizes', 2): {
        'test/a.png,8,6': f'test/a.png {TWICE}/image_sizes.txt, line 1',
    },
    ('localization', 1): {
        'test/a.png,0,0,9,5': f'the box [0.0, 0.0, 9.0, 5.0] {OUTSIDE}',
        'test/a.png,0,0,nan,5': f'the box [0.0, 0.0, nan, 5.0] {OUTSIDE}',
        'test/a.png,0,0,x,5': "expected numbers, got ['0', '0', 'x', '5']",
        'test/a.png,0,,7,5': "expected numbers, got ['0', '', '7', '5']",
        'test/a.png,0,0,7': f'expected {FORMATS}, got "test/a.png,0,0,7"',
        'test/a.png,a.png,': 'there is no file "{root}/masks/a.png"',
        'test/a.png,../a.png,': '../a.png must be a path below {root}/masks',
    },
    ('localization', 2): {
        'test/b.png,b.png,': 'expected "path,x0,y0,x1,y1", got "test/b.png,b.png,"',
    },
}


@pytest.mark.parametrize(
    ('place', 'line'), [(place, line) for place in MISTAKES for line in MISTAKES[place]]
)
def test_a_wrong_line_is_refused_and_found_by_a_check(
    root, configs, build, place, line
):
    metadata = root / 'metadata/test'
    path, number = metadata / f'{place[0]}.txt', place[1]
    lines = path.read_text().splitlines()
    lines[number - 1] = line
    path.write_text('\n'.join(lines))
    problems = []

    with pytest.raises(ValueError) as error:
        build()
    check_datasets(dict(test=configs['test']), problems.append, print)

    message = MISTAKES[place][line].format(root=root, metadata=metadata)
    assert str(error.value) == f'{path}, line {number}: {message}'
    assert str(error.value) in problems
