import numpy as np
import pytest
from mmcv.transforms import Compose

from mmccam.registry import TRANSFORMS


@pytest.fixture
def path(tmp_path, write_image):
    write_image(tmp_path / '1.png', 8, 6)
    return tmp_path / '1.png'


@pytest.fixture
def load():
    return TRANSFORMS.build(dict(type='mmccam.LoadImage', imdecode_backend='pillow'))


@pytest.mark.parametrize('content', [b'', b'no image', 'half'])
def test_an_unreadable_image_is_named(path, load, content):
    if content == 'half':
        content = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(content)

    with pytest.raises(ValueError, match='cannot read the image .*1.png'):
        load(dict(img_path=str(path)))


def test_an_image_that_is_there_already_is_taken(load):
    image = np.zeros((6, 8, 3), np.uint8)
    info = dict(img=image)

    results = load(info)

    assert results['img'] is image
    assert results['img_shape'] == results['ori_shape'] == (6, 8)
    assert info.keys() == {'img'}


def test_the_pipeline_leaves_the_boxes_in_original_pixels(path, load):
    boxes = np.array([[1, 2, 3, 4], [0, 0, 8, 6]], np.float32)
    steps = [
        dict(type='Resize', scale=(32, 32), backend='pillow'),
        dict(type='PackInputs', algorithm_keys=['loc_boxes', 'loc_masks']),
    ]

    results = Compose([load, *map(TRANSFORMS.build, steps)])(
        dict(img_path=str(path), loc_boxes=boxes)
    )

    assert results['inputs'].shape == (3, 32, 32)
    sample = results['data_samples']
    assert sample.loc_boxes.tolist() == boxes.tolist()
    assert sample.ori_shape == (6, 8)
    assert 'loc_masks' not in sample
