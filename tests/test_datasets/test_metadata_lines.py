"""A wrong line in the metadata format, and what is said of it."""

import pytest

from mmccam.datasets.check import check_datasets

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
