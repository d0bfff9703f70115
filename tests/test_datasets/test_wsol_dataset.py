import re

import cv2
import numpy as np
import pytest

from mmccam.registry import DATASETS


@pytest.fixture
def root(tmp_path):
    """Two classes and three images of 8 x 6 pixels; the last has two boxes."""
    metadata = tmp_path / 'metadata' / 'test'
    metadata.mkdir(parents=True)
    (tmp_path / 'classes.txt').write_text('n01\tred fish\nn02\tblue fish\n')
    names = ['a/1.png', 'a/2.png', 'b/1.png']
    for name in names:
        path = tmp_path / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.zeros((6, 8, 3), np.uint8))
    write(metadata / 'image_ids.txt', names)
    write(metadata / 'class_labels.txt', ['a/1.png,0', 'a/2.png,0', 'b/1.png,1'])
    write(metadata / 'image_sizes.txt', [f'{name},8,6' for name in names])
    write(
        metadata / 'localization.txt',
        ['a/1.png,0,0,7,5', 'b/1.png,1,2,3,4', 'a/2.png,2,1,2,1', 'b/1.png,0,0,8,6'],
    )
    return tmp_path


def write(path, lines):
    path.write_text(''.join(f'{line}\n' for line in lines))


def build(root, **kwargs):
    return DATASETS.build(
        dict(
            type='mmccam.WSOLDataset',
            data_root=str(root),
            split='test',
            **{'test_mode': True, **kwargs},
        )
    )


def edit(root, file, old, new):
    path = root / 'metadata' / 'test' / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_samples_have_path_label_and_boxes(root):
    dataset = build(root)

    assert dataset.metainfo['classes'] == ('red fish', 'blue fish')
    samples = [dataset.get_data_info(index) for index in range(len(dataset))]
    assert [s['img_path'] for s in samples] == [
        str(root / 'images' / name) for name in ('a/1.png', 'a/2.png', 'b/1.png')
    ]
    assert [s['gt_label'] for s in samples] == [0, 0, 1]
    assert samples[1]['loc_boxes'].tolist() == [[2, 1, 2, 1]]
    assert samples[2]['loc_boxes'].tolist() == [[1, 2, 3, 4], [0, 0, 8, 6]]


def test_training_needs_no_boxes(root):
    (root / 'metadata/test/localization.txt').unlink()

    dataset = build(root, test_mode=False)

    assert dataset.get_data_info(0)['loc_boxes'].shape == (0, 4)


def test_boxes_are_checked_without_sizes_too(root):
    (root / 'metadata/test/image_sizes.txt').write_text('')
    edit(root, 'localization.txt', 'a/1.png,0,0', 'a/1.png,-1,0')

    with pytest.raises(ValueError, match=r"localization.txt, line 1: .*'-1'"):
        build(root)


def test_lines_of_other_images_are_passed_over(root):
    edit(root, 'image_ids.txt', 'a/2.png\n', '')

    assert len(build(root)) == 2


@pytest.mark.parametrize(('old', 'new'), [('\n', '\r\n'), ('^', '\ufeff')])
@pytest.mark.parametrize(
    'file',
    [
        'classes.txt',
        *(
            f'metadata/test/{name}.txt'
            for name in ('image_ids', 'class_labels', 'image_sizes', 'localization')
        ),
    ],
)
def test_line_ends_and_byte_order_marks_do_not_matter(root, file, old, new):
    before = build(root)
    text = (root / file).read_text()
    (root / file).write_bytes(re.sub(old, new, text).encode())

    after = build(root)

    assert after.metainfo == before.metainfo
    for index in range(3):
        old_info, new_info = before.get_data_info(index), after.get_data_info(index)
        assert new_info['loc_boxes'].tolist() == old_info.pop('loc_boxes').tolist()
        assert new_info.items() >= old_info.items()


@pytest.mark.parametrize(
    ('file', 'old', 'new', 'message'),
    [
        (
            'image_ids.txt',
            'a/2.png',
            'a/9.png',
            r'line 2: there is no file .*images/a/9.png',
        ),
        (
            'image_ids.txt',
            'a/2.png',
            'a/2.png,0',
            r'line 2: expected "path", got "a/2.png,0"',
        ),
        (
            'image_ids.txt',
            'a/2.png',
            'a/../a/2.png',
            r'line 2: a/../a/2.png must be a path below .*images',
        ),
        (
            'image_ids.txt',
            'a/2.png',
            '/a/2.png',
            r'line 2: /a/2.png must be a path below .*images',
        ),
        (
            'image_ids.txt',
            'b/1.png',
            'a/1.png',
            r'line 3: a/1.png stands there twice, .* line 1',
        ),
        (
            'class_labels.txt',
            'b/1.png,1',
            'b/1.png,2',
            r'line 3: the label must lie between 0 and 1, .* got 2',
        ),
        ('class_labels.txt', 'a/2.png,0', 'a/2.png,-1', r'line 2: .* got -1'),
        (
            'class_labels.txt',
            'a/2.png,0',
            'a/2.png,cat',
            r"line 2: expected whole numbers, got \['cat'\]",
        ),
        (
            'class_labels.txt',
            'a/2.png,0',
            'a/1.png,0',
            r'line 2: a/1.png already has the label 0',
        ),
        ('class_labels.txt', 'a/2.png,0\n', '', r'has no line for a/2.png'),
        (
            'class_labels.txt',
            'a/2.png,0',
            'a/2.png,0,1',
            r'line 2: expected "path,label", got "a/2.png,0,1"',
        ),
        (
            'image_sizes.txt',
            'a/1.png,8,6',
            'a/1.png,8',
            r'line 1: expected "path,w.*a/1.png,8"',
        ),
        (
            'localization.txt',
            'a/2.png,2,1,2,1\n',
            '',
            r'has no box or mask for a/2.png',
        ),
        (
            'localization.txt',
            'b/1.png,1,2,3,4',
            'b/1.png,3,2,1,4',
            r"line 2: the box is reversed.*'3', '2', '1', '4'",
        ),
        (
            'localization.txt',
            'a/1.png,0,0,7,5',
            'a/1.png,0,0,9,5',
            r'line 1: .*outside the image of 8 x 6 pixels',
        ),
        (
            'localization.txt',
            'a/1.png,0,0,7,5',
            'a/1.png,0,0,nan,5',
            r'line 1: the box is reversed or not a number',
        ),
        (
            'localization.txt',
            'a/1.png,0,0,7,5',
            'a/1.png,0,0,7',
            r'line 1: expected "path,x0,.*" or "path,mask.*", got "a/1.png,0,0,7"',
        ),
        (
            'localization.txt',
            'b/1.png,1,2,3,4',
            'b/1.png,1.png,',
            r'line 2: expected "path,x0,y0,x1,y1", got "b/1.png,1.png,"',
        ),
    ],
)
def test_wrong_metadata_is_refused(root, file, old, new, message):
    edit(root, file, old, new)

    with pytest.raises(ValueError, match=f'{file}.*{message}'):
        build(root)


@pytest.mark.parametrize(
    'file',
    [
        'classes.txt',
        'metadata/test/image_ids.txt',
        'metadata/test/class_labels.txt',
        'metadata/test/localization.txt',
    ],
)
def test_a_missing_file_is_named(root, file):
    (root / file).unlink()

    with pytest.raises(FileNotFoundError, match=file):
        build(root)


def test_blank_lines_do_not_matter(root):
    edit(root, 'image_ids.txt', 'a/2.png\n', 'a/2.png\n\n')
    edit(root, 'localization.txt', 'a/2.png', '\n\na/2.png')

    assert len(build(root)) == 3


def test_metadata_of_another_encoding_is_refused(root):
    (root / 'metadata/test/class_labels.txt').write_bytes(
        'vögel/1.png,0'.encode('latin1')
    )

    with pytest.raises(ValueError, match='class_labels.txt is no UTF-8 text'):
        build(root)


def test_training_does_not_read_the_localization(root):
    edit(root, 'localization.txt', 'a/1.png,0,0,7,5', 'a/1.png,mask.png,ignore.png')

    assert len(build(root, test_mode=False)) == 3


def test_an_empty_split_is_refused(root):
    (root / 'metadata/test/image_ids.txt').write_text('')

    with pytest.raises(ValueError, match='image_ids.txt names no image'):
        build(root)
