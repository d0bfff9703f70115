import io

import cv2
import numpy as np
import pytest
from drawing import BOX, FAR, HEIGHT, WIDTH, draw
from four_images import NAMES, read_split
from predictions import evaluate, sample_of

from mmccam.evaluation import DumpMaps, MaxBoxAcc
from mmccam.evaluation.map_files import evaluate_maps, read_mean

CUBIC = cv2.INTER_CUBIC


@pytest.fixture
def dump_maps(root, tmp_path):
    """Write maps and return their folder."""

    def dump_maps(samples, **kwargs):
        kwargs = dict(root=str(root / 'images'), **kwargs)
        folder = tmp_path / 'maps'
        evaluate(DumpMaps('cam', out_dir=str(folder), **kwargs), samples)
        return folder

    return dump_maps


def write_maps(folder, *maps):
    for name, cam in zip(NAMES, maps):
        path = folder / f'{name}.npy'
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, cam)
    return folder


@pytest.fixture
def scored(dataset, tmp_path):
    """Score four maps that another program has written."""

    def scored(*maps, **kwargs):
        return evaluate_maps(dataset, write_maps(tmp_path, *maps), **kwargs)

    return scored


# Written


@pytest.mark.parametrize(
    ('cam', 'expected'),
    [
        ([[1, 3, 1], [2, 5, 1]], [[0, 0.5, 0], [0.25, 1, 0]]),
        ([[3, 3, 3]], [[0, 0, 0]]),
        ([[np.nan, 1, 0]], [[0, 0, 0]]),
    ],
)
def test_maps_are_stretched_to_0_and_1(dump_maps, root, cam, expected):
    sample = dict(sample_of(cam), img_path=str(root / 'images/test/a.png'))
    stored = np.load(dump_maps([sample]) / 'test/a.png.npy')
    np.testing.assert_array_equal(stored, np.array(expected, float), strict=True)


def test_maps_have_the_size_asked_for(dump_maps, predict):
    small = np.arange(6, dtype=np.float32).reshape(2, 3)
    for side, shape in ((None, (HEIGHT, WIDTH)), (224, (224, 224))):
        folder = dump_maps([predict(0, small)], side=side)
        assert np.load(folder / 'test/a.png.npy').shape == shape


def test_every_image_has_a_map(predict, root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    metric = DumpMaps(cam='cam', out_dir=str(tmp_path), root='images')
    values = evaluate(metric, [predict(number, draw(BOX)) for number in range(4)])
    assert values == dict(num_maps=4)
    paths = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob('*.*'))
    assert [path.as_posix() for path in paths] == [f'{name}.npy' for name in NAMES]


def test_two_maps_in_one_file_are_refused(dump_maps, predict):
    message = r'must have its own map, 2 have .*maps/test/b\.png\.npy'
    with pytest.raises(ValueError, match=message):
        dump_maps([predict(number, draw(BOX)) for number in (0, 1, 1)])


# Scored


def test_maps_of_224_have_the_max_box_acc_of_the_network(dump_maps, dataset, predict):
    maps = np.random.default_rng(0).random((4, 4, 6), np.float32)
    maps[3] = 1
    blobs = [predict(number, cam) for number, cam in enumerate(maps)]
    values = evaluate_maps(dataset, dump_maps(blobs, side=224), side=224)
    assert values.items() >= evaluate(MaxBoxAcc('cam'), blobs).items()


@pytest.mark.parametrize(
    ('rule', 'expected'),
    [
        ({}, dict(gt_known_loc=75, threshold=0.2)),
        # At 0.3 on its left, which joins the first box: 200 of 500 pixels.
        (dict(threshold=0.25), dict(gt_known_loc=50, threshold=0.25)),
        (dict(box_rule='released_nlccam'), dict(gt_known_loc=75, threshold=0.12)),
    ],
)
def test_accuracies_of_maps(scored, rule, expected):
    beside = 0.3 if 'threshold' in rule else 0
    values = scored(draw(BOX, beside), draw(FAR), draw(BOX), draw(BOX), **rule)
    assert values.items() > expected.items()
    others = {name.partition('_acc')[0] for name in set(values) - set(expected)}
    names = 'CCAMLocalizationMetric', 'MaxBoxAcc'
    assert others == {'max_box', *(f'{name}_degenerate_maps' for name in names)}


def test_maps_are_measured_by_masks(root, tmp_path):
    masks = read_split(root, 'masks', '1.png,')
    # Nothing but the background: the object, which is the left half, is only found with
    # all pixels, half of them right.
    cam = np.repeat([[0.0, 1.0]], 112, axis=1).repeat(224, axis=0)
    folder = write_maps(tmp_path, *4 * [cam])
    expected = dict(px_ap=50, PxAP_degenerate_maps=0)
    assert evaluate_maps(masks, folder, side=224) == expected
    with pytest.raises(ValueError, match='only be given for a data set with boxes'):
        evaluate_maps(masks, folder, side=224, threshold=0.5)


def test_masks_of_another_size_are_asked_for(root, tmp_path):
    masks = read_split(root, 'large-masks', '2.png,')
    folder = write_maps(tmp_path, *4 * [draw(BOX)])
    assert 'px_ap' in evaluate_maps(masks, folder, scaled_masks=True)
    with pytest.raises(ValueError, match='the mask .* 60 x 40 pixels, its image'):
        evaluate_maps(masks, folder)


def test_maps_below_another_root(dataset, root, tmp_path):
    write_maps(tmp_path / 'images', *4 * [draw(BOX)])
    assert evaluate_maps(dataset, tmp_path, root=str(root))['gt_known_loc'] == 100


def test_floating_point_maps_of_any_kind(scored):
    kinds = np.float16, np.longdouble, '>f8', np.float32
    maps = [draw(BOX).astype(kind) for kind in kinds]
    assert scored(*maps)['gt_known_loc'] == 100
    assert scored(*map(np.asfortranarray, maps))['gt_known_loc'] == 100


# Averaged


def test_the_mean_of_several_maps(tmp_path):
    # Stretched they are 0, 1 and 0.5, 0; a constant one shows nothing. The larger one
    # of 1 x 4 is that of the image.
    maps = dict(
        first=np.array([[0.2, 0.2, 0.6, 0.4]]),
        second=np.array([[0.0, 0.001, 0.0005, 0.0]]),
        constant=np.full((1, 4), 0.7),
    )
    paths = [tmp_path / f'{name}.npy' for name in maps]
    for path, cam in zip(paths, maps.values()):
        np.save(path, cam)
    mean = read_mean(paths, (1, 4))
    np.testing.assert_allclose(mean, [[0, 1 / 3, 1.5 / 3, 0.5 / 3]], atol=1e-15)
    np.testing.assert_array_equal(read_mean(paths[:1], (1, 4)), maps['first'])


def test_the_mean_has_the_size_of_the_largest_map(tmp_path):
    small, large = tmp_path / 'small.npy', tmp_path / 'large.npy'
    np.save(small, np.array([[0.0, 1], [0, 1]]))
    np.save(large, np.zeros((1, 3)))
    assert read_mean([small, large], (1, 3)).shape == (2, 2)
    # Half of the small one, whose only change is from left to right.
    np.save(large, np.zeros((2, 6)))
    for paths in ([small, large], [large, small]):
        mean = read_mean(paths, (2, 6))
        expected = cv2.resize(np.array([[0.0, 1]] * 2), (6, 2), interpolation=CUBIC)
        expected = (expected - expected.min()) / np.ptp(expected) / 2
        np.testing.assert_allclose(mean, expected, atol=1e-15)
    with pytest.raises(ValueError, match=r'large.npy .*\(2, 5\) or be a square, got'):
        read_mean([small, large], (2, 5))


def test_several_folders_of_maps(dataset, tmp_path):
    # Two of three maps have the object, with a tenth of the third one's values.
    folders = [tmp_path / name for name in 'abc']
    for folder, cam in zip(folders, (draw(BOX) / 10, draw(FAR), draw(BOX) / 10)):
        write_maps(folder, *4 * [cam])
    assert evaluate_maps(dataset, *folders, threshold=0.6)['gt_known_loc'] == 100
    twice = [folders[1], *folders[1:]]  # now one of three has it
    assert evaluate_maps(dataset, *twice, threshold=0.6)['gt_known_loc'] == 0
    (folders[1] / 'test/c.png.npy').unlink()
    with pytest.raises(FileNotFoundError, match=r'^1 of 4 .* at .*/b/test/c\.png\.npy'):
        evaluate_maps(dataset, *folders)


def test_missing_maps(scored):
    message = r'3 of 4 images have no map, the first is missing at .*test/b\.png\.npy'
    with pytest.raises(FileNotFoundError, match=message):
        scored(draw(BOX))


def saved(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def with_value(value):
    cam = draw(BOX)
    cam[0, 0] = value
    return saved(cam)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (saved(draw(BOX).T), r'the shape \(height, width\) = \(20, 30\), got \(30, 20'),
        (with_value(-0.1), r'values from 0 to 1, got some from -0\.1\d* to 1'),
        (with_value(1.5), r'values from 0 to 1, got some from 0\.0 to 1\.5'),
        (with_value(np.nan), 'values from 0 to 1, got some from nan to nan'),
        (saved(draw(BOX).astype(int)), 'floating-point numbers, .*, got int64'),
        (saved(draw(BOX).astype(object)), 'Python objects in dtype'),
        (saved(draw(BOX))[:-4], r'is no readable \.npy array'),
        (b'P5 30 20 255', r'is no readable \.npy array: the magic string'),
    ],
)
def test_wrong_maps(dataset, tmp_path, content, message):
    folder = write_maps(tmp_path, *4 * [draw(BOX)])
    (folder / 'test/c.png.npy').write_bytes(content)
    with pytest.raises(ValueError, match=rf'^\S*c\.png\.npy .*{message}'):
        evaluate_maps(dataset, folder)


def test_wrong_arguments_of_maps(scored):
    for arguments, message in (
        (dict(side=-1), 'side must be at least 1 pixel, got -1'),
        (dict(side=224), r'= \(224, 224\), got \(20, 30\)'),
        (dict(root='elsewhere'), 'must lie below the folder .*elsewhere'),
    ):
        with pytest.raises(ValueError, match=message):
            scored(*4 * [draw(BOX)], **arguments)
    with pytest.raises(ValueError, match='side must be at least 1 pixel, got 0'):
        DumpMaps('cam', out_dir='maps', root='images', side=0)
