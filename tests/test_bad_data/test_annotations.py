"""A wrong line in the metadata format, and what is said of it."""

import re

import pytest

from mmccam.datasets.check import check_datasets

COLUMNS = dict(
    localization='"path,x0,y0,x1,y1" or "path,mask_path,ignore_path"',
    later='"path,x0,y0,x1,y1"',
)
ONE_LINE = {
    'an image that is not there': (
        'image_ids, line 2',
        'test/c.png',
        'there is no file "{root}/images/test/c.png"',
    ),
    'a name of other case': (
        'image_ids, line 2',
        'test/B.png',
        'there is no file "{root}/images/test/B.png"',
    ),
    'a space behind the name': (
        'image_ids, line 2',
        'test/b.png ',
        'there is no file "{root}/images/test/b.png "',
    ),
    'a column too many': (
        'image_ids, line 2',
        'test/b.png,1',
        'expected "path", got "test/b.png,1"',
    ),
    'an image twice': (
        'image_ids, line 2',
        'test/a.png',
        'test/a.png stands there twice, first in {metadata}/image_ids.txt, line 1',
    ),
    'a path above the images': (
        'image_ids, line 2',
        'test/../../secret.png',
        'test/../../secret.png must be a path below {root}/images',
    ),
    'an absolute path': (
        'image_ids, line 2',
        '/etc/passwd',
        '/etc/passwd must be a path below {root}/images',
    ),
    'a label above the last': (
        'class_labels, line 2',
        'test/b.png,2',
        'the label must lie between 0 and 1, since there are 2 classes, got 2',
    ),
    'a label below 0': (
        'class_labels, line 2',
        'test/b.png,-1',
        'the label must lie between 0 and 1, since there are 2 classes, got -1',
    ),
    'a name as label': (
        'class_labels, line 2',
        'test/b.png,fish',
        "expected whole numbers, got ['fish']",
    ),
    'half a label': (
        'class_labels, line 2',
        'test/b.png,0.5',
        "expected whole numbers, got ['0.5']",
    ),
    'no label': (
        'class_labels, line 2',
        'test/b.png,',
        "expected whole numbers, got ['']",
    ),
    'no column of labels': (
        'class_labels, line 2',
        'test/b.png',
        'expected "path,label", got "test/b.png"',
    ),
    'other separators': (
        'class_labels, line 2',
        'test/b.png;1',
        'expected "path,label", got "test/b.png;1"',
    ),
    'two labels': (
        'class_labels, line 2',
        'test/a.png,1',
        'test/a.png already has the label 0',
    ),
    'a size of one number': (
        'image_sizes, line 1',
        'test/a.png,8',
        'expected "path,width,height", got "test/a.png,8"',
    ),
    'a size of text': (
        'image_sizes, line 1',
        'test/a.png,8,high',
        "expected whole numbers, got ['8', 'high']",
    ),
    'a size of nothing': (
        'image_sizes, line 1',
        'test/a.png,8,0',
        "width and height must be at least 1, got ['8', '0']",
    ),
    'two sizes': (
        'image_sizes, line 2',
        'test/a.png,8,6',
        'test/a.png stands there twice, first in {metadata}/image_sizes.txt, line 1',
    ),
    'a reversed box': (
        'localization, line 2',
        'test/b.png,3,2,1,4',
        "the box is reversed or not a number: ['3', '2', '1', '4']",
    ),
    'a box upside down': (
        'localization, line 2',
        'test/b.png,1,4,3,2',
        "the box is reversed or not a number: ['1', '4', '3', '2']",
    ),
    'a box with NaN': (
        'localization, line 1',
        'test/a.png,0,0,nan,5',
        "the box is reversed or not a number: ['0', '0', 'nan', '5']",
    ),
    'an endless box': (
        'localization, line 1',
        'test/a.png,0,0,inf,5',
        "the box is reversed or not a number: ['0', '0', 'inf', '5']",
    ),
    'a box of text': (
        'localization, line 1',
        'test/a.png,0,0,right,5',
        "expected numbers, got ['0', '0', 'right', '5']",
    ),
    'a box with a hole': (
        'localization, line 1',
        'test/a.png,0,,7,5',
        "expected numbers, got ['0', '', '7', '5']",
    ),
    'a box outside': (
        'localization, line 1',
        'test/a.png,0,0,9,5',
        "the box ['0', '0', '9', '5'] lies outside the image of 8 x 6 pixels",
    ),
    'a box of x, y, width, height': (
        'localization, line 2',
        'test/b.png,5,2,3,4',
        "the box is reversed or not a number: ['5', '2', '3', '4']",
    ),
    'a box that starts before the image': (
        'localization, line 1',
        'test/a.png,-1,0,7,5',
        "the box ['-1', '0', '7', '5'] lies outside the image of 8 x 6 pixels",
    ),
    'a box of three numbers': (
        'localization, line 1',
        'test/a.png,0,0,7',
        f'expected {COLUMNS["localization"]}, got "test/a.png,0,0,7"',
    ),
    'a mask among boxes': (
        'localization, line 2',
        'test/b.png,b.png,',
        f'expected {COLUMNS["later"]}, got "test/b.png,b.png,"',
    ),
    'a mask that is not there': (
        'localization, line 1',
        'test/a.png,a.png,',
        'there is no file "{root}/masks/a.png"',
    ),
    'a mask above the masks': (
        'localization, line 1',
        'test/a.png,../images/test/a.png,',
        '../images/test/a.png must be a path below {root}/masks',
    ),
}


def edit_line(root, place, new):
    """Change a line of ``metadata/test``; return where it stands, as messages do."""
    file, number = re.fullmatch(r'(\w+), line (\d)', place).groups()
    path = root / f'metadata/test/{file}.txt'
    lines = path.read_text().splitlines()
    lines[int(number) - 1] = new
    path.write_text('\n'.join(lines))
    return f'{path}, line {number}'


@pytest.mark.parametrize('mistake', ONE_LINE)
def test_a_wrong_line_is_refused(root, build, mistake):
    place, new, message = ONE_LINE[mistake]
    where = edit_line(root, place, new)

    with pytest.raises(ValueError) as error:
        build()

    message = message.format(root=root, metadata=root / 'metadata/test')
    assert str(error.value) == f'{where}: {message}'


@pytest.mark.parametrize('mistake', ONE_LINE)
def test_a_check_finds_a_wrong_line(root, configs, mistake):
    place, new, message = ONE_LINE[mistake]
    where = edit_line(root, place, new)
    problems = []

    check_datasets(configs, problems.append, print)

    message = message.format(root=root, metadata=root / 'metadata/test')
    assert f'{where}: {message}' in problems
