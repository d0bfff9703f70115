from pathlib import Path

import cv2
import mmcv
import numpy as np
import pytest

from mmccam.datasets.check import check_datasets
from mmccam.datasets.demo import BADGES, draw, generate_demo
from mmccam.registry import DATASETS

COUNTS = {'train': 2, 'val': 1, 'test': 2}
SMALL = {'num_train': 2, 'num_val': 1, 'num_test': 2, 'size': 64}


@pytest.fixture(scope='module')
def demo(tmp_path_factory):
    return generate_demo(tmp_path_factory.mktemp('demo') / 'new' / 'demo', **SMALL)


def read(demo, split, name):
    text = (demo / 'metadata' / split / f'{name}.txt').read_text()
    return [line.split(',') for line in text.splitlines()]


def contents(root):
    files = (path for path in sorted(root.rglob('*')) if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def test_same_arguments_write_the_same_bytes_and_more_images_add_some(demo, tmp_path):
    more = contents(generate_demo(tmp_path, **{**SMALL, 'num_train': 3}))
    metadata = [name for name in more if name.startswith('metadata/train/')]
    added = [name for name in more if name.endswith('0002.jpg')]
    assert len(metadata) == 4 and len(added) == len(BADGES)
    for name in metadata + added:
        del more[name]
    assert more.items() <= contents(demo).items()
    assert len(more) == len(contents(demo)) - 4


def test_another_seed_gives_other_images(tmp_path):
    folders = (generate_demo(tmp_path / str(i), 1, 1, 1, 32, i) for i in range(2))
    one, other = map(contents, folders)
    assert {path.name for path in tmp_path.iterdir()} == {'0', '1'}
    images = [name for name in one if name.endswith('.jpg')]
    assert len(images) == 3 * len(BADGES)
    assert not any(one[name] == other[name] for name in images)


@pytest.mark.parametrize('split', ['train', 'val', 'test', 'test-masks'])
def test_each_split_is_complete_and_passes_the_check(demo, split):
    config = dict(type='mmccam.WSOLDataset', data_root=str(demo), split=split)
    config.update(test_mode=True, pipeline=[dict(type='mmccam.LoadImage')])
    dataset, problems = DATASETS.build(config), []
    check_datasets({split: config}, problems.append, problems.append)

    assert problems == []
    assert dataset.metainfo['classes'] == tuple(BADGES)
    assert len(dataset) == COUNTS[split.split('-')[0]] * len(BADGES)
    infos = map(dataset.get_data_info, range(len(dataset)))
    for info in infos:
        assert Path(info['img_path']).parts[-2] == list(BADGES)[info['gt_label']]
    sizes = {tuple(map(int, size)) for _, *size in read(demo, split, 'image_sizes')}
    assert len(sizes) > 1
    assert all(max(size) == 64 and min(size) >= 48 for size in sizes)


def test_boxes_are_the_extents_of_the_masks(demo):
    boxes, masks = (read(demo, s, 'localization') for s in ('test', 'test-masks'))
    assert len(boxes) == len(masks) == 2 * len(BADGES)
    for (path, *box), (same, mask_path, ignore_path) in zip(boxes, masks):
        assert same == path
        mask = cv2.imread(str(demo / 'masks' / mask_path), cv2.IMREAD_UNCHANGED)
        ignore = cv2.imread(str(demo / 'masks' / ignore_path), cv2.IMREAD_UNCHANGED)
        assert mask.shape == cv2.imread(str(demo / 'images' / path)).shape[:2]
        assert set(np.unique(mask)) == {0, 255}
        assert ignore.shape == mask.shape and not ignore.any()
        x, y, width, height = cv2.boundingRect(mask)
        assert [int(b) for b in box] == [x, y, x + width - 1, y + height - 1]


@pytest.mark.parametrize('name', BADGES)
def test_badge_is_a_small_part_of_one_complete_fish(name):
    image, fish, badge = draw(np.random.default_rng(0), BADGES[name], 80, 96)
    assert image.shape == (80, 96, 3) and image.dtype == np.uint8
    assert not (badge & ~fish).any()
    assert 0.1 < badge.sum() / fish.sum() < 0.2
    assert 0.1 < fish.mean() < 0.4
    assert cv2.connectedComponents(fish.astype(np.uint8))[0] == 2
    assert not fish[[0, -1]].any() and not fish[:, [0, -1]].any()


def test_only_the_badge_tells_the_class():
    drawn = [draw(np.random.default_rng(3), badge, 80, 96) for badge in BADGES.values()]
    (first, fish, _), *others = drawn
    for _, same_fish, _ in others:
        np.testing.assert_array_equal(same_fish, fish)
    near = [cv2.dilate(badge.astype(np.uint8), None) for *_, badge in drawn]
    around = ~np.any(near, axis=0)
    for index, (image, _, badge) in enumerate(drawn):
        np.testing.assert_array_equal(image[around], first[around])
        for other, _, other_badge in drawn[:index]:
            either = badge | other_badge
            gap = np.abs(image[either].astype(int) - other[either]).mean()
            assert gap > 25


def test_a_folder_with_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / 'mine.txt').write_text('mine')
    for path in (tmp_path, tmp_path / 'mine.txt'):
        with pytest.raises(FileExistsError, match='is not an empty folder'):
            generate_demo(path, **SMALL)
    assert contents(tmp_path) == {'mine.txt': b'mine'}


def test_nothing_is_left_after_a_failure(tmp_path, monkeypatch):
    def no_space(*_):
        raise OSError('no space left')

    monkeypatch.setattr(mmcv, 'imwrite', no_space)
    with pytest.raises(OSError, match='no space left'):
        generate_demo(tmp_path / 'demo', **SMALL)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('key', 'value', 'least'), [('num_val', 0, 1), ('size', 16, 32), ('seed', -1, 0)]
)
def test_numbers_out_of_range(tmp_path, key, value, least):
    message = f'{key} must be at least {least}, got {value}'
    with pytest.raises(ValueError, match=message):
        generate_demo(tmp_path / 'demo', **{**SMALL, key: value})
