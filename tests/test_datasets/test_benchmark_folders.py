"""The folders of the standard benchmarks, and masks instead of boxes."""

from functools import partial

import pytest
from small_sets import build_from_config, write_image

LINES = [
    'val/0a/1.jpg,val/0a/1_m0.png,val/0a/1_ignore.png',
    'val/0b/2.jpg,val/0b/2_m0.png,',
    'val/0a/1.jpg,val/0a/1_m1.png,',
]
SPLIT = 'metadata/OpenImages/val'
build = partial(build_from_config, 'nlccam/nlccam_vgg16_openimages30k', mode='val')


@pytest.fixture
def root(tmp_path):
    """Two images of 8 x 6 pixels; the first has two instances and an ignore mask."""
    for file in {file for line in LINES for file in line.split(',') if file}:
        write_image(tmp_path / 'dataset/OpenImages' / file)
    (tmp_path / SPLIT).mkdir(parents=True)
    (tmp_path / SPLIT / 'image_ids.txt').write_text('val/0a/1.jpg\nval/0b/2.jpg\n')
    labels = 'val/0a/1.jpg,0\nval/0b/2.jpg,99\n'
    (tmp_path / SPLIT / 'class_labels.txt').write_text(labels)
    (tmp_path / SPLIT / 'localization.txt').write_text('\n'.join(LINES) + '\n')
    return tmp_path


def test_each_image_has_its_masks_and_no_boxes(root):
    dataset = build(root)

    first, second = (dataset.get_data_info(index) for index in range(2))
    folder = root / 'dataset/OpenImages/val'
    assert first['img_path'] == str(folder / '0a/1.jpg')
    assert first['loc_masks'] == [str(folder / f'0a/1_m{i}.png') for i in range(2)]
    assert first['loc_ignore'] == str(folder / '0a/1_ignore.png')
    assert second['loc_masks'] == [str(folder / '0b/2_m0.png')]
    assert second['loc_ignore'] is None
    assert first['loc_boxes'].shape == second['loc_boxes'].shape == (0, 4)
    # Classes without names are numbers.
    assert dataset.metainfo['classes'] == tuple(map(str, range(100)))
    assert second['gt_label'] == 99
    # Data samples come to metrics as dictionaries.
    for index, info in enumerate((first, second)):
        sample = dataset[index]['data_samples'].to_dict()
        assert sample['loc_masks'] == info['loc_masks']
        assert sample['loc_ignore'] == info['loc_ignore']


def test_folders_may_be_absolute(root):
    images = (root / 'dataset').rename(root / 'elsewhere') / 'OpenImages'

    info = build(root, images=str(images), masks=str(images)).get_data_info(1)

    assert info['img_path'] == str(images / 'val/0b/2.jpg')
    assert info['loc_masks'] == [str(images / 'val/0b/2_m0.png')]


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('1_m1.png,', '1_m9.png,', 'line 3: there is no file .*val/0a/1_m9.png'),
        ('1_ignore', '1_none', 'line 1: there is no file .*val/0a/1_none.png'),
        ('1_m1.png,', '1_m1.png,val/0a/1_ignore.png', 'line 3: only the first line of'),
        ('val/0a/1_m1.png,', '0,0,7,5', 'line 3: expected "path,mask_path,ignore_path'),
        ('val/0b/2.jpg', 'val/0b/3.jpg', 'has no box or mask for val/0b/2.jpg'),
    ],
)
def test_wrong_masks_are_refused(root, old, new, message):
    path = root / SPLIT / 'localization.txt'
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))

    with pytest.raises(ValueError, match=f'localization.txt.*{message}'):
        build(root)


@pytest.mark.parametrize(
    ('name', 'config'), [('CUB', 'cub_v2'), ('ILSVRC', 'imagenet_v2')]
)
def test_boxes_are_read_from_the_same_folders(tmp_path, name, config):
    folder = tmp_path / 'metadata' / name / 'val'
    folder.mkdir(parents=True)
    write_image(tmp_path / 'dataset' / name / 'val2/0/1.jpeg')
    (folder / 'image_ids.txt').write_text('val2/0/1.jpeg\n')
    (folder / 'class_labels.txt').write_text('val2/0/1.jpeg,5\n')
    (folder / 'localization.txt').write_text('val2/0/1.jpeg,1,2,7,5\n')

    dataset = build_from_config(f'nlccam/nlccam_vgg16_{config}', tmp_path, 'val')

    sample = dataset[0]['data_samples']
    assert sample.gt_label.tolist() == [5]
    assert sample.loc_boxes.tolist() == [[1, 2, 7, 5]]
    assert 'loc_masks' not in sample
