import cv2
import numpy as np
import pytest

from mmccam.registry import DATASETS


@pytest.fixture
def root(tmp_path):
    """Three images of 8 x 6 pixels in the layout of CUB-200-2011, the last for test."""
    images = ['001.Albatross/a.jpg', '001.Albatross/b.jpg', '002.Wren/c.jpg']
    for name in images:
        path = tmp_path / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.zeros((6, 8, 3), np.uint8))
    files = {
        'images.txt': [f'{i} {name}' for i, name in enumerate(images, start=1)],
        'image_class_labels.txt': ['1 1', '2 1', '3 2'],
        'train_test_split.txt': ['1 1', '2 1', '3 0'],
        'bounding_boxes.txt': [
            '1 0.0 1.0 4.0 3.0',
            '2 2.0 2.0 6.0 4.0',
            '3 1.0 0.0 5.0 5.0',
        ],
    }
    for file, lines in files.items():
        (tmp_path / file).write_text('\n'.join(lines) + '\n')
    return tmp_path


def build(root, split):
    return DATASETS.build(dict(type='mmccam.CUB', data_root=str(root), split=split))


def test_boxes_are_corners_that_end_inside_the_image(root):
    dataset = build(root, 'train')

    boxes = [dataset.get_data_info(index)['loc_boxes'] for index in range(2)]

    # x + w and y + h; at most the last pixel, 7 and 5.
    assert boxes[0].tolist() == [[0, 1, 4, 4]]
    assert boxes[1].tolist() == [[2, 2, 7, 5]]


def test_each_split_has_its_own_boxes(root):
    sample = build(root, 'test').get_data_info(0)

    assert sample['img_path'].endswith('002.Wren/c.jpg')
    assert sample['gt_label'] == 1
    assert sample['loc_boxes'].tolist() == [[1, 0, 6, 5]]


@pytest.mark.parametrize('label', [0, 201])
def test_a_class_out_of_range_is_refused(root, label):
    (root / 'image_class_labels.txt').write_text(f'1 1\n2 {label}\n3 2\n')

    with pytest.raises(ValueError, match=f'between 1 and 200, got {label}'):
        build(root, 'train')
