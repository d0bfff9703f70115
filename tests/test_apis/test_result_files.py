import json
import os
from functools import partial

import numpy as np
import pytest
from PIL import Image

from mmccam.apis.lines import read_results, result_name

NAMES = ['a/0.png', 'a/2.png', 'a/4.png', 'b/1.png', 'b/3.png']
RESULTS = ['predictions.json', 'predictions.jsonl']
ARRAY = np.zeros((20, 30, 3), np.uint8)


@pytest.fixture
def out(tmp_path):
    return tmp_path / 'out'


@pytest.fixture
def write(inferencer, out):
    """Localize images and write the results to the folder ``out``."""
    return partial(inferencer, out_dir=out, show_progress=False)


def files_of(folder):
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file()
    )


def paths_in(folder):
    return [result['img_path'] for result in read_results(folder)]


def test_the_files_have_what_is_returned(write, images, out):
    (images / 'a/1.png').write_bytes(b'no image')
    results = write(images, skip_unreadable=True)
    text = (out / 'predictions.json').read_text()
    assert json.loads(text) == results
    assert len(text.splitlines()) == len(results) + 2
    pictures = [f'pictures/{name}.jpg' for name in NAMES]
    assert files_of(out) == ['job.json', *pictures, *RESULTS]
    with Image.open(out / pictures[0]) as picture:
        assert picture.size[0] > 2 * 30  # image and map, enlarged


@pytest.mark.parametrize(
    ('named', 'expected'),
    [
        (['a/0.png'], ['0.png']),
        (['a/0.png', 'b/1.png'], ['a/0.png', 'b/1.png']),
        (['a', 'b/1.png'], ['a/0.png', 'a/2.png', 'a/4.png', 'b/1.png']),
        (['*/1.png'], ['b/1.png']),
    ],
)
def test_names_are_below_the_common_folder(write, images, out, named, expected):
    write([str(images / name) for name in named])
    assert files_of(out / 'pictures') == [f'{name}.jpg' for name in expected]


def test_arrays_have_numbers_and_images_of_a_generator_their_path(write, images, out):
    path = str(images / 'a/0.png')
    write(iter([ARRAY, path]))
    assert files_of(out / 'pictures') == ['000000.jpg', f'{path[1:]}.jpg']


@pytest.mark.parametrize('path', ['a/b.jpg', '../../a/b.jpg', '/..\\..\\a/b.jpg'])
def test_names_of_addresses_stay_in_the_folder(path):
    assert result_name(f'http://host/{path}', 0, '/images') == 'host/a/b.jpg'


def test_names_without_room_for_a_suffix_are_cut():
    names = [f'{"é" * 120}{end}.jpg' for end in ('abcdefghij', 'abcdefghik')]
    cut = [result_name(f'/images/a/{name}', 0, '/images') for name in names]
    assert [len(name.encode()) for name in cut] == [2 + 200 + 17] * 2
    assert len(set(cut)) == 2


def test_pictures_of_an_earlier_run_do_not_stay_among_others(write, images, out):
    write(images / 'a')
    with pytest.raises(OSError, match=f'to {out}: pictures or maps of an earlier r'):
        write(images / 'b', draw=False)
    assert len(json.loads((out / 'predictions.json').read_text())) == 3


def test_no_pictures_but_maps(write, images, out):
    kwargs = dict(draw=False, save_maps=True, return_cams=True)
    (result,) = write(images / 'a/0.png', **kwargs)
    assert files_of(out) == ['job.json', 'maps/0.png.npz', *RESULTS]
    with np.load(out / 'maps/0.png.npz') as maps:
        assert list(maps) == ['cam', 'ccam']
        for name in maps:
            returned = result['predictions'][0]['cams'][name]
            np.testing.assert_array_equal(maps[name], returned)


def test_a_full_disk_keeps_the_lines_before_it(write, images, out, small_disk):
    lines = len(json.dumps(write(images / 'a/0.png', draw=False))) + 100
    small_disk(2 * lines)
    with pytest.raises(OSError, match=f'cannot write results to {out}: .*disk is full'):
        write(images, draw=False)
    assert paths_in(out) == [str(images / name) for name in NAMES[:2]]


@pytest.mark.parametrize('kwargs', [{}, dict(draw=False, save_maps=True)])
def test_a_full_disk_leaves_no_half_picture_or_map(
    write, images, out, small_disk, kwargs
):
    small_disk(500)
    with pytest.raises(OSError, match='cannot write results to .*a/0.png'):
        write(images, **kwargs)
    assert files_of(out) == ['job.json', 'predictions.jsonl']


@pytest.mark.parametrize('name', ['0.jpg', '0.JPEG', '0.png.jpg', '0.jpg.jpg'])
def test_pictures_of_jpegs_have_their_names(write, images, out, name):
    (images / 'a/0.png').rename(images / 'a' / name)
    write(images / 'a')
    is_same = name in ('0.jpg', '0.JPEG')
    assert (out / 'pictures' / (name if is_same else f'{name}.jpg')).exists()


def test_a_call_without_results_leaves_no_new_folder(write, images, out):
    (images / 'a/0.png').write_bytes(b'no image')
    with pytest.raises(ValueError, match='cannot read'):
        write(images)
    assert not out.exists()
    out.mkdir()
    (out / 'notes.txt').touch()
    with pytest.raises(ValueError, match='cannot read'):
        write(images)
    assert 'notes.txt' in files_of(out)


def test_a_folder_that_is_written_to_is_refused(inferencer, images, out):
    options = dict(out_dir=out, show_progress=False)
    first = inferencer.stream(images, **options)
    next(first)
    with pytest.raises(OSError, match=f'another process writes to {out}'):
        inferencer(images / 'a', **options)
    assert len(list(first)) == len(NAMES) - 1
    assert len(json.loads((out / 'predictions.json').read_text())) == len(NAMES)


def test_work_that_breaks_off_keeps_its_results(write, images, out):
    (images / 'b/2.png').write_bytes(b'no image')
    with pytest.raises(ValueError, match='cannot read'):
        write(images, batch_size=1)
    assert paths_in(out) == [str(images / name) for name in NAMES[:4]]
    assert not (out / 'predictions.json').exists()


@pytest.mark.parametrize('out_dir', ['images', 'images/a/out'])
def test_results_are_not_written_into_a_folder_of_images(write, images, out_dir):
    with pytest.raises(ValueError, match=f'{out_dir} lies in that of the images'):
        write(images, out_dir=images.parent / out_dir)


def test_an_image_of_the_results_is_refused(write, images, tmp_path):
    write(images / 'a')
    with pytest.raises(ValueError, match='jpg lies in the folder of results .*: name'):
        write(f'{tmp_path}/**/*.*g')


def test_a_folder_that_cannot_be_made(inferencer, images, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match=f'cannot write results to {tmp_path}/file'):
        inferencer(images, out_dir=tmp_path / 'file', show_progress=False)


def test_an_error_of_the_images_is_none_of_the_folder(write):
    with pytest.raises(FileNotFoundError, match='there is no image or folder nowhere'):
        write(iter(['nowhere']))


def test_a_path_that_is_not_utf8(write, images, out):
    path = os.fsencode(images / 'a') + b'/\xff.png'
    os.rename(images / 'a/0.png', path)
    (result,) = write(os.fsdecode(path))
    (read,) = json.loads((out / 'predictions.json').read_text())
    assert read == result
