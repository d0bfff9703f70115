"""Several processes, breaks, videos and known classes, all in this process."""

import cv2
import numpy as np
import pytest

from mmccam import CCAMInferencer
from mmccam.apis.lines import read_results
from mmccam.apis.shares import Share


@pytest.fixture
def many(tmp_path):
    """A folder with eleven images."""
    generator = np.random.default_rng(0)
    (tmp_path / 'many').mkdir()
    for number in range(11):
        pixels = generator.integers(0, 256, (20 + number, 30, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f'many/{number:02}.png'), pixels)
    return tmp_path / 'many'


@pytest.fixture
def start(inferencer, many, tmp_path):
    """Begin to localize them, to a folder in which results are merged."""

    def start(out, inputs=many, **kwargs):
        options = dict(batch_size=2, formats=['json', 'yolo'], save_maps=True)
        options.update(show_progress=False, **kwargs)
        return inferencer.stream(inputs, out_dir=tmp_path / out, **options)

    return start


@pytest.fixture
def whole(start, tmp_path):
    """All files of the unbroken work of one process."""
    assert len(list(start('whole'))) == 11
    return files_of(tmp_path / 'whole')


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file() and not path.name.startswith('.lock')
    }


@pytest.mark.parametrize('processes', [2, 3, 8])  # the last two have no images
def test_processes_give_the_files_of_one(start, whole, tmp_path, processes):
    for rank in range(processes):
        assert not (tmp_path / 'out/predictions.json').exists()
        list(start('out', process=(rank, processes)))
    assert files_of(tmp_path / 'out') == whole


@pytest.mark.parametrize('processes', [1, 2])
def test_broken_work_goes_on_where_it_was(start, whole, tmp_path, processes):
    for rank in range(processes):
        first = start('out', process=(rank, processes))
        next(first), next(first), next(first)
        first.close()
    part = sorted((tmp_path / 'out').glob('predictions*.jsonl'))[0]
    # As a process that is killed leaves them.
    part.write_bytes(part.read_bytes()[:-20])
    (tmp_path / 'out/pictures/09.png.jpg.1234.tmp').write_bytes(b'')
    with pytest.raises(OSError, match='of an earlier run are there: delete them, name'):
        list(start('out', process=(0, processes), draw=False, save_maps=False))
    counts = [
        len(list(start('out', process=(rank, processes), resume=True)))
        for rank in range(processes)
    ]
    assert sum(counts) == 11 - 2 * processes  # one batch of each was complete
    assert files_of(tmp_path / 'out') == whole


def test_finished_work_gets_further_formats(start, whole, tmp_path):
    assert list(start('whole', resume=True, formats=['csv'])) == []
    added = set(files_of(tmp_path / 'whole')) - set(whole)
    assert added == {'predictions.csv'}


@pytest.mark.parametrize(
    ('kwargs', 'name'),
    [
        (dict(batch_size=3), 'batch_size 2 and not 3'),
        (dict(process=(0, 2)), 'processes 1 and not 2'),
        (dict(draw=False), 'draw True and not False'),
        (dict(class_names='pet'), "class_names None and not 'pet'"),
    ],
)
def test_other_work_does_not_go_on(start, kwargs, name):
    first = start('out')
    next(first)
    first.close()
    with pytest.raises(ValueError, match=f'of another job, with the {name}: name an'):
        list(start('out', resume=True, **kwargs))


def test_other_images_do_not_go_on(start, whole, many):
    with pytest.raises(ValueError, match='of another job, with the images'):
        list(start('whole', inputs=[many / '00.png'], resume=True))


def test_results_of_several_processes_are_not_mixed_with_others(start, whole):
    with pytest.raises(OSError, match='pictures or maps of an earlier run are there'):
        list(start('whole', process=(0, 2)))
    list(start('out', process=(0, 2)))
    with pytest.raises(OSError, match='results of an earlier run are there: delete'):
        list(start('out', process=(0, 2)))


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [((0,), 'batch_size must be 1 or'), ((1, 2, 2), 'between 0 and 1, got 2')],
)
def test_wrong_shares(arguments, message):
    with pytest.raises(ValueError, match=message):
        Share(*arguments)


def test_unknown_formats(start):
    with pytest.raises(ValueError, match='no format "xml", only json, coco, csv, lab'):
        start('out', formats=['xml'])


def test_frames_of_a_video_are_images(start, many, tmp_path):
    path = str(tmp_path / 'clip.mp4')
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*'mp4v'), 10, (64, 48))
    for grey in range(0, 250, 50):
        writer.write(np.full((48, 64, 3), grey, np.uint8))
    writer.release()
    inputs = [str(many / '00.png'), path]
    results = list(start('one', inputs))
    names = [result['img_path'] for result in results[1:]]
    assert names == [f'{path}#{number:06d}' for number in range(5)]
    assert (results[1]['width'], results[1]['height']) == (64, 48)
    assert (tmp_path / 'one/pictures/clip.mp4#000004.jpg').exists()
    assert (tmp_path / 'one/yolo/labels/clip.mp4#000004.txt').exists()
    for rank in range(2):
        list(start('two', inputs, process=(rank, 2)))
    assert files_of(tmp_path / 'two') == files_of(tmp_path / 'one')


def test_a_video_that_cannot_be_read(start, tmp_path):
    (tmp_path / 'no.mp4').write_bytes(b'no video')
    path = str(tmp_path / 'no.mp4')
    with pytest.raises(ValueError, match=f'cannot read the image {path}'):
        list(start('out', path))


@pytest.fixture
def known(checkpoint, images, tmp_path):
    """Labels of the images, and the only prediction of each by its path."""
    inferencer = CCAMInferencer(pretrained=checkpoint, cam='cam')

    def known(labels):
        results = inferencer(images, labels=labels, show_progress=False)
        for result in results:
            (result['prediction'],) = result.pop('predictions')
        return results

    return known


def test_a_known_class_has_its_own_box(known, inferencer, checkpoint, images, tmp_path):
    every = CCAMInferencer(pretrained=checkpoint, cam='cam', num_guesses=3)
    expected = every(images, show_progress=False)
    listed = ['a/0.png,dog', 'a/2.png,0', f'{images}/a/4.png,emu', 'b/1.png,cat', '']
    (tmp_path / 'list.txt').write_text('\n'.join([*listed, 'b/3.png,2']))
    results = known(tmp_path / 'list.txt')
    assert [result['prediction']['label'] for result in results] == [1, 0, 2, 0, 2]
    for result, other in zip(results, expected):
        assert 'shared_map' not in result
        assert result['prediction'] in other['predictions']


def test_folders_are_known_classes(known, images):
    (images / 'a').rename(images / 'cat')
    (images / 'b').rename(images / 'emu')
    labels = [result['prediction']['class_name'] for result in known('folder')]
    assert labels == ['cat'] * 3 + ['emu'] * 2


def test_an_image_without_a_class_is_refused_at_once(start, many, tmp_path):
    lines = [f'{number:02}.png,dog' for number in range(10)]
    (tmp_path / 'list.txt').write_text('\n'.join(lines))
    with pytest.raises(ValueError, match='has no class for the image .*10.png'):
        start('out', labels=tmp_path / 'list.txt')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (None, 'a/0.png: there is no class "a"'),
        (
            'a/0.png,dogs',
            r'txt, line 1: there is no class "dogs"; perhaps it is dog; for names ',
        ),
        ('a/0.png,3', 'there is no class "3"'),
        ('a/0.png', "line 1 must be path,class, got 'a/0.png'"),
        ('a/0.png,dog', 'list.txt has no class for the image .*a/2.png'),
    ],
)
def test_classes_that_are_not_known(known, tmp_path, text, message):
    if text is not None:
        (tmp_path / 'list.txt').write_text(text)
    with pytest.raises(ValueError, match=message):
        known('folder' if text is None else tmp_path / 'list.txt')


def test_a_name_of_two_classes(checkpoint, images):
    names = dict(classes=['a', 'a', 'b'])
    with pytest.raises(
        ValueError, match=r'called "a": give the number, one of \[0, 1\]'
    ):
        CCAMInferencer(pretrained=checkpoint, **names)(images, labels='folder')


def test_guesses_that_share_one_map_say_so(checkpoint, images):
    inferencer = CCAMInferencer(pretrained=checkpoint, num_guesses=2)  # quadratic
    (result, *_) = inferencer(images, show_progress=False)
    assert result['shared_map'] is True
    assert len({tuple(one['box']) for one in result['predictions']}) == 1


def test_the_lines_are_there_while_the_work_goes_on(start, tmp_path):
    results = start('out')
    first = [next(results), next(results)]
    assert list(read_results(tmp_path / 'out')) == first
