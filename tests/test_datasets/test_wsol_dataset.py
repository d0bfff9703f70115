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


def test_training_does_not_read_the_localization(root):
    edit(root, 'localization.txt', 'a/1.png,0,0,7,5', 'a/1.png,mask.png,ignore.png')

    assert len(build(root, test_mode=False)) == 3
