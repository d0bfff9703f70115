"""Loading an image, and training without those that cannot be read."""

import multiprocessing

import numpy as np
import pytest
from mmengine.logging import MMLogger
from PIL import Image
from small_sets import write_image

from mmccam.datasets.transforms import count_unreadable
from mmccam.registry import DATASETS, TRANSFORMS


@pytest.fixture
def path(tmp_path):
    path = tmp_path / '1.png'
    path.write_bytes(b'no image')
    return path


@pytest.fixture
def noted(tmp_path):
    return tmp_path / 'unreadable.txt'


def build(**options):
    return TRANSFORMS.build(dict(type='mmccam.LoadImage', **options))


def test_an_image_that_a_data_set_has_loaded_is_used():
    image = np.zeros((6, 8, 3), np.uint8)
    info = dict(img=image)

    results = build()(info)

    assert results['img'] is image
    assert results['img_shape'] == results['ori_shape'] == (6, 8)
    assert info.keys() == {'img'}


def test_an_unreadable_image_is_noted_once_and_gives_no_sample(path, noted, caplog):
    load = build(unreadable=str(noted))
    logger = MMLogger.get_current_instance()
    assert count_unreadable(noted) == 0

    logger.addHandler(caplog.handler)
    for _ in range(2):
        assert load(dict(img_path=str(path))) is None
    logger.removeHandler(caplog.handler)

    reason = f'cannot read the image {path}: the file is empty or of no known format'
    assert noted.read_text() == f'{path}\t{reason}\n'
    (record,) = caplog.records
    assert record.levelname == 'WARNING'
    assert record.message == f'{reason}; another image takes its place'


def test_many_unreadable_images_in_a_row_are_an_error(path, noted):
    good = path.with_name('good.png')
    Image.new('RGB', (2, 2)).save(good)
    load = build(unreadable=str(noted))
    for _ in range(3):
        assert load(dict(img_path=str(good)))['img'].shape == (2, 2, 3)
        for _ in range(99):
            assert load(dict(img_path=str(path))) is None
    with pytest.raises(ValueError, match=f'cannot read the image {path}'):
        load(dict(img_path=str(path)))
    assert str(good) not in noted.read_text()


def load_all(unreadable, paths):
    load = build(unreadable=str(unreadable))
    for path in paths:
        load(dict(img_path=str(path)))


def test_processes_count_an_image_once(tmp_path, noted):
    paths = [tmp_path / f'{number}.png' for number in range(50)]
    context = multiprocessing.get_context('fork')
    processes = [context.Process(target=load_all, args=(noted, paths)) for _ in '123']
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(noted.read_text().splitlines()) == 150
    assert count_unreadable(noted) == 50


def test_training_uses_another_image_and_evaluation_refuses_it(path, noted):
    write_image(path.with_name('2.png'))
    path.with_name('list.txt').write_text('1.png 0\n2.png 1\n')
    folder = dict(type='CustomDataset', data_root=str(path.parent), ann_file='list.txt')
    load = dict(type='mmccam.LoadImage')

    noting = dict(load, unreadable=str(noted))
    training = DATASETS.build(dict(folder, pipeline=[noting]))
    assert training[0]['img_path'].endswith('2.png')
    assert count_unreadable(noted) == 1

    test = DATASETS.build(dict(folder, pipeline=[load], test_mode=True))
    with pytest.raises(ValueError, match='cannot read the image .*1.png: '):
        test[0]
