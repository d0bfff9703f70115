import json
import os

import numpy as np
import pytest
from PIL import Image

from mmccam.apis.results import ResultFiles, result_name


def write(inferencer, inputs, out_dir, **kwargs):
    return inferencer(inputs, out_dir=out_dir, show_progress=False, **kwargs)


def files_of(folder):
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file()
    )


def test_the_file_has_what_is_returned(inferencer, images, tmp_path):
    results = write(inferencer, images, tmp_path / 'out')
    text = (tmp_path / 'out/predictions.json').read_text()
    assert json.loads(text) == results
    assert len(text.splitlines()) == len(results) + 2


def test_pictures_have_the_paths_of_their_images(inferencer, images, tmp_path):
    write(inferencer, images, tmp_path / 'out')
    names = ['a/0', 'a/2', 'a/4', 'b/1', 'b/3']
    expected = [f'pictures/{name}.png.jpg' for name in names]
    assert files_of(tmp_path / 'out') == [*expected, 'predictions.json']
    with Image.open(tmp_path / 'out' / expected[0]) as picture:
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
def test_names_are_below_the_common_folder(
    inferencer, images, tmp_path, named, expected
):
    write(inferencer, [str(images / name) for name in named], tmp_path / 'out')
    assert files_of(tmp_path / 'out/pictures') == [f'{name}.jpg' for name in expected]


def test_arrays_have_numbers(inferencer, tmp_path):
    image = np.zeros((20, 30, 3), np.uint8)
    write(inferencer, [image, image], tmp_path / 'out')
    assert files_of(tmp_path / 'out/pictures') == ['000000.jpg', '000001.jpg']


def test_images_of_a_generator_have_their_whole_path(inferencer, images, tmp_path):
    path = images / 'a/0.png'
    write(inferencer, iter([path]), tmp_path / 'out')
    assert files_of(tmp_path / 'out/pictures') == [f'{str(path)[1:]}.jpg']


def test_no_pictures_but_maps(inferencer, images, tmp_path):
    (result,) = write(
        inferencer,
        images / 'a/0.png',
        tmp_path / 'out',
        draw=False,
        save_maps=True,
        return_cams=True,
    )
    assert files_of(tmp_path / 'out') == ['maps/0.png.npz', 'predictions.json']
    with np.load(tmp_path / 'out/maps/0.png.npz') as maps:
        assert list(maps) == ['cam', 'ccam']
        for name in maps:
            saved, returned = maps[name], result['predictions'][0]['cams'][name]
            np.testing.assert_array_equal(saved, returned)


def test_skipped_images_stand_in_the_file(inferencer, images, tmp_path):
    (images / 'a/1.png').write_bytes(b'no image')
    write(inferencer, images, tmp_path / 'out', skip_unreadable=True, save_maps=True)
    results = json.loads((tmp_path / 'out/predictions.json').read_text())
    assert ['error' in result for result in results] == [0, 1, 0, 0, 0, 0]


def test_work_that_breaks_off_keeps_its_results(inferencer, images, tmp_path):
    (images / 'b/2.png').write_bytes(b'no image')
    with pytest.raises(ValueError, match='cannot read'):
        write(inferencer, images, tmp_path / 'out', batch_size=1)
    lines = (tmp_path / 'out/predictions.json.tmp').read_text().splitlines()
    assert lines[0] == '['
    names = [json.loads(line.rstrip(','))['img_path'] for line in lines[1:]]
    assert names == [
        str(images / f'{name}.png') for name in ('a/0', 'a/2', 'a/4', 'b/1')
    ]
    assert not (tmp_path / 'out/predictions.json').exists()


@pytest.mark.parametrize('out_dir', ['images', 'images/a/out'])
def test_a_folder_of_the_images_takes_no_results(inferencer, images, out_dir):
    with pytest.raises(ValueError, match=f'{out_dir} lies in that of the images'):
        write(inferencer, images, images.parent / out_dir)


def test_a_folder_that_cannot_be_made(images, tmp_path):
    (tmp_path / 'file').write_text('')
    files = ResultFiles(tmp_path / 'file', images, [], save_maps=False)
    with pytest.raises(OSError, match=f'cannot write results to {tmp_path}/file'):
        list(files.write_all([]))


def test_an_image_of_the_results_is_refused(inferencer, images, tmp_path):
    out = tmp_path / 'out'
    write(inferencer, images / 'a', out)
    with pytest.raises(ValueError, match='jpg lies in the folder of results .*out:'):
        write(inferencer, f'{tmp_path}/**/*.*g', out)


def test_an_error_of_the_images_is_none_of_the_folder(inferencer, tmp_path):
    with pytest.raises(FileNotFoundError, match='there is no image or folder nowhere'):
        write(inferencer, iter(['nowhere']), tmp_path / 'out')


@pytest.mark.parametrize(
    ('address', 'name'),
    [
        ('http://host/a/b.jpg', 'host/a/b.jpg'),
        ('http://host/../../b.jpg', 'host/b.jpg'),
        ('http://host//..\\..\\b.jpg', 'host/b.jpg'),
    ],
)
def test_names_of_addresses_stay_in_the_folder(address, name):
    assert result_name(address, 0, '/images') == name


def test_a_path_that_is_no_utf8(inferencer, images, tmp_path):
    path = os.fsencode(images / 'a') + b'/\xff.png'
    os.rename(images / 'a/0.png', path)
    (result,) = write(inferencer, os.fsdecode(path), tmp_path / 'out')
    (read,) = json.loads((tmp_path / 'out/predictions.json').read_text())
    assert read == result
