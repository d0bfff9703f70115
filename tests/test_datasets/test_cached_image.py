import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import cv2
import numpy as np
import pytest
from mmcv.transforms import Compose

from mmccam.registry import TRANSFORMS

LOAD = dict(type='mmccam.LoadImage')
RESIZE = dict(type='Resize', scale=(16, 12), backend='pillow')


def write(path, width, height, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    assert cv2.imwrite(str(path), pixels)


def build(folder, *transforms):
    config = dict(type='mmccam.CachedImage', folder=folder and str(folder))
    return TRANSFORMS.build(dict(config, transforms=list(transforms or (LOAD, RESIZE))))


def files(folder):
    return [path for path in folder.rglob('*') if path.is_file()]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / 'cache'


@pytest.fixture
def info(tmp_path):
    write(tmp_path / '1.png', 8, 6)
    return dict(img_path=str(tmp_path / '1.png'), gt_label=3)


def test_samples_are_the_same_without_a_folder_and_at_each_reading(folder, info):
    def pack(*steps):
        packed = Compose([*steps, dict(type='PackInputs')])(dict(info))
        sample = packed['data_samples']
        return packed['inputs'].tolist(), sample.gt_label, sample.metainfo

    pixels, label, metainfo = pack(LOAD, RESIZE)
    del metainfo['scale_factor']  # the one field of Resize that is not taken

    for place in (None, '', folder, folder):
        assert pack(build(place)) == (pixels, label, metainfo)


def test_a_kept_image_is_not_decoded(folder, info):
    first = build(folder)(info)
    stat = os.stat(info['img_path'])
    with open(info['img_path'], 'wb') as file:
        file.write(bytes(stat.st_size))
    os.utime(info['img_path'], ns=(stat.st_atime_ns, stat.st_mtime_ns))

    second = build(folder)(info)

    assert second['img'].tolist() == first['img'].tolist()
    assert second['ori_shape'] == (6, 8) and second['img_shape'] == (12, 16)


@pytest.mark.parametrize(('width', 'modified'), [(9, 0), (8, 1)])
def test_a_changed_image_is_loaded_anew(folder, info, width, modified):
    os.utime(info['img_path'], ns=(0, 0))
    before = build(folder)(info)
    write(info['img_path'], width, 6, seed=1)
    os.utime(info['img_path'], ns=(modified, modified))

    after = build(folder)(info)

    assert after['ori_shape'] == (6, width)
    assert after['img'].tolist() != before['img'].tolist()


def test_other_transforms_have_their_own_images(folder, info):
    build(folder)(info)

    assert build(folder, LOAD, dict(RESIZE, scale=(4, 4)))(info)['img_shape'] == (4, 4)
    assert build(folder)(info)['img_shape'] == (12, 16)
    assert len(files(folder)) == 2


# 576 bytes of pixels behind a head of 128, 16 bytes of shape behind another.
@pytest.mark.parametrize('size', [0, 100, 128, 700, 704, 800, 832, 840])
def test_an_incomplete_file_is_made_again(folder, info, size):
    transform = build(folder)
    expected = transform(info)['img'].tolist()
    (file,) = files(folder)
    content = file.read_bytes()
    file.write_bytes(content[:size])

    assert transform(info)['img'].tolist() == expected
    assert len(content) == 848 and file.read_bytes() == content


def test_a_full_disk_is_named_and_nothing_is_left(folder, info, monkeypatch):
    def save(file, array):
        file.write(b'a part')
        raise OSError('no space left')

    monkeypatch.setattr(np, 'save', save)

    with pytest.raises(OSError, match='cannot keep .* folder .*cache: no space left'):
        build(folder)(info)
    assert files(folder) == []


def test_a_folder_that_is_a_file_is_named(folder, info):
    folder.touch()

    with pytest.raises(OSError, match='cache'):
        build(folder)(info)


def test_an_image_may_be_written_twice_at_once(folder, info, monkeypatch):
    both, replace = Barrier(2, timeout=60), os.replace

    def replace_together(*paths):
        both.wait()
        replace(*paths)

    monkeypatch.setattr(os, 'replace', replace_together)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(build(folder), [info, info])

    assert first['img'].tolist() == second['img'].tolist()
    assert len(files(folder)) == 1


def test_an_image_that_is_there_already_is_not_kept(folder):
    image = np.zeros((6, 8, 3), np.uint8)

    results = build(folder)(dict(img=image))

    assert results['img'].shape == (12, 16, 3)
    assert results['ori_shape'] == (6, 8)
    assert not folder.exists()


@pytest.mark.parametrize('given', [False, True])
def test_the_sample_is_left_as_it_is(folder, info, given):
    if given:
        info['img'] = np.zeros((6, 8, 3), np.uint8)
    before = dict(info)

    build(folder)(info)

    assert info == before


@pytest.mark.parametrize('missing', [False, True])
def test_an_unreadable_image_is_named(tmp_path, folder, missing):
    path = tmp_path / '1.png'
    if not missing:
        path.touch()

    with pytest.raises(ValueError, match='cannot read the image .*1.png'):
        build(folder)(dict(img_path=str(path)))
    assert not folder.exists()


def test_an_image_that_may_be_unreadable_gives_no_sample(tmp_path, folder):
    load = dict(LOAD, unreadable=str(tmp_path / 'unreadable.txt'))

    assert build(folder, load, RESIZE)(dict(img_path=str(tmp_path / '1.png'))) is None
    assert not folder.exists()


def test_where_unreadable_images_are_noted_makes_no_image_anew(folder, info):
    for file in ('1.txt', '2.txt', None):
        build(folder, dict(LOAD, unreadable=file), RESIZE)(info)

    assert len(files(folder)) == 1
