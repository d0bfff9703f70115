import io
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from mmccam.datasets import WSOLDataset
from mmccam.evaluation import (
    CCAMLocalizationMetric,
    DumpBoxes,
    DumpMaps,
    DumpPseudoBoxes,
    MaxBoxAcc,
)
from mmccam.evaluation.coco_files import evaluate_boxes
from mmccam.evaluation.map_files import evaluate_maps
from mmccam.maps import stretch

WIDTH, HEIGHT = 30, 20
BOX = (5, 3, 24, 12)  # 20 x 10 pixels
FAR = (0, 15, 3, 19)
LABELS = dict(a=0, b=0, c=1, d=2)
NAMES = [f'test/{name}.png' for name in LABELS]


def draw(box):
    """A map of the image's size with a box on it, which the rule `cam` gives back."""
    x0, y0, x1, y1 = box
    cam = np.zeros((HEIGHT, WIDTH), np.float32)
    cam[y0 : y1 + 1, x0 : x1 + 1] = 1
    return cam


def read_split(root, split, localization):
    """Write the metadata of the four images, and read them."""
    folder = root / 'metadata' / split
    folder.mkdir(parents=True)
    labels = [f'{name},{label}' for name, label in zip(NAMES, LABELS.values())]
    files = dict(image_ids=NAMES, class_labels=labels, localization=localization)
    for file, lines in files.items():
        (folder / f'{file}.txt').write_text('\n'.join(lines))
    return WSOLDataset(str(root), split, test_mode=True)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """A data set without metadata: four images, three classes, two masks.

    In the masks the left half is the object; one has the double size.
    """
    root = tmp_path_factory.mktemp('data')
    for name in NAMES:
        path = root / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (WIDTH, HEIGHT)).save(path)
    (root / 'classes.txt').write_text('eel\ncod\nray')
    (root / 'masks').mkdir()
    for scale in (1, 2):
        mask = Image.new('L', (scale * WIDTH, scale * HEIGHT))
        mask.paste(255, (0, 0, scale * WIDTH // 2, scale * HEIGHT))
        mask.save(root / f'masks/{scale}.png')
    return root


@pytest.fixture(scope='module')
def dataset(root):
    """The data set with the same box in each image."""
    return read_split(root, 'boxes', [f'{name},5,3,24,12' for name in NAMES])


@pytest.fixture(scope='module')
def masks(root):
    return read_split(root, 'masks', [f'{name},1.png,' for name in NAMES])


@pytest.fixture(scope='module')
def large_masks(root):
    return read_split(root, 'large_masks', [f'{name},2.png,' for name in NAMES])


@pytest.fixture
def predict(dataset):
    """Make a prediction for an image of the data set."""

    def predict(number, true_map, top=None, top_map=None, scores=(0.7, 0.2, 0.1)):
        info = dataset.get_data_info(number)
        label = info['gt_label']
        top = label if top is None else top
        maps = [true_map if top == label else top_map, true_map]
        return dict(
            info,
            ori_shape=(HEIGHT, WIDTH),
            gt_label=torch.tensor([label]),
            pred_score=torch.tensor(scores),
            cam_labels=torch.tensor([top, label]),
            cams=dict(cam=torch.tensor(np.stack(maps))),
        )

    return predict


@pytest.fixture
def dump_maps(root, tmp_path, evaluate):
    """Write maps and return their folder."""

    def dump_maps(samples, folder='maps', **kwargs):
        kwargs = dict(root=str(root / 'images'), **kwargs)
        evaluate(DumpMaps('cam', out_dir=str(tmp_path / folder), **kwargs), samples)
        return tmp_path / folder

    return dump_maps


@pytest.fixture
def dump_boxes(root, tmp_path, evaluate):
    """Write boxes and return their file."""

    def dump_boxes(samples, classes=('eel', 'cod', 'ray'), **kwargs):
        out_file = tmp_path / 'out/boxes.json'
        metric = DumpBoxes(
            'cam', out_file=out_file, root=str(root / 'images'), **kwargs
        )
        metric.dataset_meta = classes and dict(classes=classes)
        evaluate(metric, samples)
        return out_file

    return dump_boxes


def test_maps_are_stretched_to_0_and_1(dump_maps, sample_of, root):
    cam = [[1, 3, 1], [2, 5, 1]]
    sample = dict(sample_of(cam), img_path=str(root / 'images/test/a.png'))
    stored = np.load(dump_maps([sample]) / 'test/a.png.npy')
    expected = np.array([[0, 0.5, 0], [0.25, 1, 0]])
    np.testing.assert_array_equal(stored, expected, strict=True)  # float64 too


@pytest.mark.parametrize(
    ('side', 'shape'), [(None, (HEIGHT, WIDTH)), (224, (224, 224))]
)
def test_maps_have_the_size_asked_for(dump_maps, predict, side, shape):
    small = np.arange(6, dtype=np.float32).reshape(2, 3)
    folder = dump_maps([predict(0, small)], side=side)
    assert np.load(folder / 'test/a.png.npy').shape == shape


@pytest.mark.parametrize('value', [np.nan, 3])
def test_maps_that_show_nothing_become_zeros(dump_maps, predict, value):
    folder = dump_maps([predict(0, np.full((2, 3), value, np.float32))])
    stored = np.load(folder / 'test/a.png.npy')
    np.testing.assert_array_equal(stored, np.zeros((HEIGHT, WIDTH)))


def test_every_image_has_a_map(dump_maps, predict):
    folder = dump_maps([predict(number, draw(BOX)) for number in range(4)])
    paths = sorted(path.relative_to(folder) for path in folder.rglob('*.*'))
    assert [path.as_posix() for path in paths] == [f'{name}.npy' for name in NAMES]


def test_maps_are_counted(evaluate, predict, root, tmp_path):
    metric = DumpMaps('cam', out_dir=tmp_path / 'maps', root=root / 'images')
    values = evaluate(metric, [predict(number, draw(BOX)) for number in range(3)])
    assert values == dict(num_maps=3)


def test_the_root_may_be_relative(evaluate, predict, root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    metric = DumpMaps('cam', out_dir=tmp_path / 'maps', root='images')
    evaluate(metric, [predict(0, draw(BOX))])
    assert (tmp_path / 'maps/test/a.png.npy').is_file()


@pytest.mark.parametrize('path', ['other/a.png', 'images/../a.png', 'images'])
def test_images_outside_of_the_root_are_refused(dump_maps, predict, root, path):
    sample = dict(predict(0, draw(BOX)), img_path=str(root / path))
    message = 'images must lie below the folder .*images, which root names, got .*'
    with pytest.raises(ValueError, match=message):
        dump_maps([sample])


def test_images_without_a_file_are_refused(dump_maps, predict):
    sample = predict(0, draw(BOX))
    sample.pop('img_path')
    with pytest.raises(ValueError, match='must have files .*, these have no img_path'):
        dump_maps([sample])


def test_two_maps_in_one_file_are_refused(dump_maps, predict):
    samples = [predict(number, draw(BOX)) for number in (0, 1, 1)]
    message = r'must have its own map, 2 have .*maps/test/b\.png\.npy'
    with pytest.raises(ValueError, match=message):
        dump_maps(samples)


def test_wrong_side():
    with pytest.raises(ValueError, match='side must be at least 1 pixel, got 0'):
        DumpMaps('cam', out_dir='maps', root='images', side=0)


@pytest.mark.parametrize(
    ('target', 'label', 'bbox', 'score'),
    [('top1', 2, [0, 15, 4, 5], 0.5), ('true', 1, [5, 3, 20, 10], 0.25)],
)
def test_boxes(dump_boxes, predict, target, label, bbox, score):
    sample = predict(2, draw(BOX), top=2, top_map=draw(FAR), scores=(0.25, 0.25, 0.5))
    results = json.loads(dump_boxes([sample], target=target).read_text())
    expected = dict(image_id=2, category_id=label, bbox=bbox, score=score)
    assert results == [expected]


def test_rule_and_threshold_of_boxes(dump_boxes, predict):
    cam = draw(BOX)
    cam[:, :5] = 0.3  # joins the box on its left
    file = dump_boxes([predict(0, cam)], box_rule='cam', threshold=0.25)
    assert json.loads(file.read_text())[0]['bbox'] == [0, 0, 25, 20]


def test_ground_truth_of_boxes(dump_boxes, predict):
    second = dict(predict(2, draw(BOX)), loc_boxes=np.array([FAR, BOX], np.float32))
    file = dump_boxes([predict(0, draw(BOX)), second])
    image = dict(width=WIDTH, height=HEIGHT)
    far, box = dict(bbox=[0, 15, 4, 5], area=20), dict(bbox=[5, 3, 20, 10], area=200)
    assert json.loads(file.with_name('boxes.gt.json').read_text()) == dict(
        info={},
        images=[
            dict(image, id=0, file_name='test/a.png'),
            dict(image, id=2, file_name='test/c.png'),
        ],
        categories=[
            dict(id=0, name='eel'),
            dict(id=1, name='cod'),
            dict(id=2, name='ray'),
        ],
        annotations=[
            dict(box, id=1, image_id=0, category_id=0, iscrowd=0),
            dict(far, id=2, image_id=2, category_id=1, iscrowd=0),
            dict(box, id=3, image_id=2, category_id=1, iscrowd=0),
        ],
    )


def test_classes_without_names_are_numbered(dump_boxes, predict):
    file = dump_boxes([predict(2, draw(BOX))], classes=None)
    categories = json.loads(file.with_name('boxes.gt.json').read_text())['categories']
    assert categories == [dict(id=0, name='0'), dict(id=1, name='1')]


def test_images_without_ground_truth_have_boxes(dump_boxes, predict):
    sample = predict(0, draw(BOX))
    sample.pop('loc_boxes')
    file = dump_boxes([sample])
    assert len(json.loads(file.read_text())) == 1
    assert not json.loads(file.with_name('boxes.gt.json').read_text())['annotations']


def test_two_images_of_one_id_are_refused(dump_boxes, predict):
    samples = [predict(0, draw(BOX)), dict(predict(1, draw(BOX)), sample_idx=0)]
    with pytest.raises(ValueError, match='its own sample_idx, 2 have 0'):
        dump_boxes(samples)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(out_file='boxes.pkl'), r'out_file must end in \.json, got boxes\.pkl'),
        (dict(target='top5'), 'target must be "top1" or "true", got "top5"'),
        (dict(box_rule='cams'), 'there is no box rule "cams"'),
        (dict(threshold=1), 'threshold must be at least 0 and below 1, got 1'),
    ],
)
def test_wrong_arguments_of_boxes(arguments, message):
    arguments = dict(dict(out_file='boxes.json', root='images'), **arguments)
    with pytest.raises(ValueError, match=message):
        DumpBoxes('cam', **arguments)


@pytest.fixture
def predictions(predict):
    """Class and box right, class right, box right, box of the true class right."""
    return [
        predict(0, draw(BOX)),
        predict(1, draw(FAR)),
        predict(2, draw(BOX), top=2, top_map=draw(BOX), scores=(0.2, 0.1, 0.7)),
        predict(3, draw(BOX), top=0, top_map=draw(FAR)),
    ]


@pytest.mark.parametrize(
    ('target', 'expected'),
    [
        # The first alone; the first and the third.
        ('top1', dict(top1_loc=25, box_acc=50)),
        # The first, the third and the fourth, all under their true class.
        ('true', dict(top1_loc=75, box_acc=75)),
    ],
)
def test_boxes_that_are_read_back(dump_boxes, dataset, predictions, target, expected):
    assert evaluate_boxes(dataset, dump_boxes(predictions, target=target)) == expected


@pytest.mark.parametrize('rule', ['cam', 'nlccam_released'])
@pytest.mark.parametrize(
    ('target', 'name', 'metric_name'),
    [('top1', 'top1_loc', 'top1_loc'), ('true', 'box_acc', 'gt_known_loc')],
)
def test_boxes_have_the_accuracy_of_their_metric(
    dump_boxes, dataset, predictions, evaluate, rule, target, name, metric_name
):
    file = dump_boxes(predictions, target=target, box_rule=rule)
    metric = evaluate(CCAMLocalizationMetric('cam', rule), predictions)
    assert evaluate_boxes(dataset, file)[name] == metric[metric_name]


@pytest.fixture
def blobs(predict):
    """Predictions with small maps of smooth blobs, the last of them constant."""
    rng = np.random.default_rng(0)
    maps = rng.random((4, 4, 6), np.float32)
    maps[3] = 1
    return [predict(number, cam) for number, cam in enumerate(maps)]


def test_maps_that_are_read_back(dump_maps, dataset, blobs, evaluate):
    stretched = [
        dict(sample, cams=dict(cam=torch.tensor(np.stack(2 * [stretch(cam, size)]))))
        for sample in blobs
        for cam, size in [(sample['cams']['cam'][1].numpy(), (WIDTH, HEIGHT))]
    ]
    localization = evaluate(CCAMLocalizationMetric('cam', threshold=0.4), stretched)
    expected = dict(
        gt_known_loc=localization['gt_known_loc'],
        threshold=0.4,
        CCAMLocalizationMetric_degenerate_maps=1,
        MaxBoxAcc_degenerate_maps=1,
        **evaluate(MaxBoxAcc('cam'), stretched),
    )
    assert evaluate_maps(dataset, dump_maps(blobs), threshold=0.4) == expected


def test_maps_of_224_have_the_max_box_acc_of_the_network(
    dump_maps, dataset, blobs, evaluate
):
    values = evaluate_maps(dataset, dump_maps(blobs, side=224), side=224)
    assert values.items() >= evaluate(MaxBoxAcc('cam'), blobs).items()


def write_maps(folder, maps):
    for name, cam in zip(NAMES, maps):
        path = folder / f'{name}.npy'
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, cam)
    return folder


def test_accuracies_of_maps(dataset, tmp_path):
    folder = write_maps(tmp_path / 'maps', map(draw, [BOX, FAR, BOX, BOX]))
    values = evaluate_maps(dataset, folder)
    assert (values['gt_known_loc'], values['threshold']) == (75, 0.2)
    assert 'top1_loc' not in values


def test_rule_and_threshold_of_maps(dataset, tmp_path):
    cam = draw(BOX)
    cam[:, :5] = 0.3  # joins the box on its left: 200 of 500 pixels
    folder = write_maps(tmp_path / 'maps', 4 * [cam])
    for threshold, expected in [(0.25, 0), (0.35, 100)]:
        values = evaluate_maps(dataset, folder, box_rule='cam', threshold=threshold)
        assert values['gt_known_loc'] == expected


@pytest.mark.parametrize(
    ('columns', 'px_ap'),
    # Above 0 the object alone; nothing but the rest, so that the object is only found
    # with all pixels, half of them right.
    [(slice(112), 100), (slice(112, 224), 50)],
)
def test_maps_are_measured_by_masks(masks, tmp_path, columns, px_ap):
    cam = np.zeros((224, 224))
    cam[:, columns] = 1
    folder = write_maps(tmp_path / 'maps', 4 * [cam])
    expected = dict(px_ap=px_ap, PxAP_degenerate_maps=0)
    assert evaluate_maps(masks, folder, side=224) == expected


def test_masks_of_another_size(large_masks, tmp_path):
    folder = write_maps(tmp_path / 'maps', 4 * [draw(BOX)])
    assert 'px_ap' in evaluate_maps(large_masks, folder, scaled_masks=True)


def test_masks_of_another_size_are_refused(large_masks, tmp_path):
    folder = write_maps(tmp_path / 'maps', 4 * [draw(BOX)])
    with pytest.raises(ValueError, match='the mask .* 60 x 40 pixels, its image'):
        evaluate_maps(large_masks, folder)


def test_maps_below_another_root(dataset, root, tmp_path):
    maps = tmp_path / 'maps'
    write_maps(maps / 'images', 4 * [draw(BOX)])
    assert evaluate_maps(dataset, maps, root=str(root))['gt_known_loc'] == 100


@pytest.mark.parametrize(
    'convert',
    [
        np.float16,
        np.float32,
        np.longdouble,
        lambda cam: cam.astype('>f8'),
        np.asfortranarray,
    ],
)
def test_floating_point_maps_of_any_kind(dataset, tmp_path, convert):
    folder = write_maps(tmp_path / 'maps', 4 * [convert(draw(BOX))])
    assert evaluate_maps(dataset, folder)['gt_known_loc'] == 100


def test_missing_maps(dataset, tmp_path):
    folder = write_maps(tmp_path / 'maps', [draw(BOX)])
    message = r'3 of 4 images have no map, the first is missing at .*test/b\.png\.npy'
    with pytest.raises(FileNotFoundError, match=message):
        evaluate_maps(dataset, folder)


def saved(array, **kwargs):
    file = io.BytesIO()
    np.save(file, array, **kwargs)
    return file.getvalue()


def with_value(value):
    cam = draw(BOX)
    cam[0, 0] = value
    return saved(cam)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (saved(draw(BOX).T), r'the shape \(height, width\) = \(20, 30\), got \(30, 20'),
        (saved(draw(BOX)[None]), r'= \(20, 30\), got \(1, 20, 30\)'),
        (saved(np.zeros((224, 224))), r'= \(20, 30\), got \(224, 224\)'),
        (with_value(-0.1), r'values from 0 to 1, got some from -0\.1\d* to 1'),
        (with_value(1.5), r'values from 0 to 1, got some from 0\.0 to 1\.5'),
        (with_value(np.nan), 'values from 0 to 1, got some from nan to nan'),
        (saved(draw(BOX).astype(int)), 'floating-point numbers, .*, got int64'),
        (saved(draw(BOX) > 0), 'floating-point numbers, .*, got bool'),
        (saved(draw(BOX).astype(str)), 'floating-point numbers, .*, got <U32'),
        (saved(draw(BOX).astype(complex)), 'floating-point numbers, .*, got complex'),
        (
            saved(draw(BOX).astype(object), allow_pickle=True),
            r'is no readable \.npy array: Object arrays cannot be loaded',
        ),
        (saved(draw(BOX))[:-4], r'is no readable \.npy array'),
        (b'', r'is no readable \.npy array: EOF'),
        (b'P5 30 20 255', r'is no readable \.npy array: the magic string'),
    ],
)
def test_wrong_maps(dataset, tmp_path, content, message):
    folder = write_maps(tmp_path / 'maps', 4 * [draw(BOX)])
    (folder / 'test/c.png.npy').write_bytes(content)
    with pytest.raises(ValueError, match=rf'^\S*c\.png\.npy .*{message}'):
        evaluate_maps(dataset, folder)


def test_maps_must_have_the_side(dataset, tmp_path):
    folder = write_maps(tmp_path / 'maps', 4 * [draw(BOX)])
    with pytest.raises(ValueError, match=r'= \(224, 224\), got \(20, 30\)'):
        evaluate_maps(dataset, folder, side=224)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(side=-1), 'side must be at least 1 pixel, got -1'),
        (dict(box_rule='cams'), 'there is no box rule "cams"'),
        (dict(root='elsewhere'), 'must lie below the folder .*elsewhere'),
    ],
)
def test_wrong_arguments_of_maps(dataset, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        evaluate_maps(dataset, tmp_path, **arguments)


RIGHT, WRONG = [5, 3, 20, 10], [0, 15, 4, 5]


def detection(image_id, label, bbox, score=0.5):
    return dict(image_id=image_id, category_id=label, bbox=bbox, score=score)


@pytest.fixture
def results(tmp_path):
    """Write results of COCO, or whatever stands in their place."""

    def write(content):
        path = tmp_path / 'results.json'
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


@pytest.mark.parametrize(
    ('bbox', 'box_acc'),
    [
        # 20 x 5 of 20 x 10 pixels, exactly one half, and a column less.
        ([5, 3, 20, 5], 100),
        ([5, 3, 19, 5], 0),
        ([5.0, 3.0, 20.0, 10.0], 100),
    ],
)
def test_overlap_of_detections(dataset, results, bbox, box_acc):
    path = results([detection(i, 0, bbox) for i in range(4)])
    assert evaluate_boxes(dataset, path)['box_acc'] == box_acc


@pytest.mark.parametrize(
    ('scores', 'expected'),
    [
        ((0.4, 0.6), dict(top1_loc=0, box_acc=0)),
        ((0.6, 0.4), dict(top1_loc=25, box_acc=25)),
        ((0.5, 0.5), dict(top1_loc=25, box_acc=25)),  # the first of equal ones
    ],
)
def test_the_best_detection_of_an_image_counts(dataset, results, scores, expected):
    path = results(
        [
            detection(0, 0, RIGHT, scores[0]),
            detection(0, 0, WRONG, scores[1]),
            *(detection(i, 0, WRONG) for i in (1, 2, 3)),
        ]
    )
    assert evaluate_boxes(dataset, path) == expected


def test_images_without_detection_are_wrong(dataset, results, log):
    path = results([detection(3, 2, RIGHT)])
    assert evaluate_boxes(dataset, path) == dict(top1_loc=25, box_acc=25)
    assert log.messages == [
        f'3 of 4 images have no detection in {path}: they count as wrong'
    ]


@pytest.mark.parametrize(('width', 'beyond'), [(20, False), (30, True)])
def test_boxes_that_reach_beyond_their_image_are_told(
    dataset, results, log, width, beyond
):
    # The box from column 5 on ends at column 24 or, as x1 = 34 would, behind the last.
    path = results([detection(i, 0, [5, 3, width, 10]) for i in range(4)])
    evaluate_boxes(dataset, path)
    assert [f'4 of 4 boxes in {path} reach beyond' in m for m in log.messages] == (
        [True] if beyond else []
    )


def without(key):
    result = detection(0, 0, RIGHT)
    result.pop(key)
    return result


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('', 'is no readable JSON: Expecting value'),
        ('{"images": []}', "must be a list of detections, .*, got {'images': ..}"),
        ([], r'must be a list of detections, .*, got \[\]'),
        ([[0, 0, 5, 3, 20, 10]], ', detection 0 must have whole numbers image_id and'),
        ([without('image_id')], ', detection 0 must have whole numbers image_id and'),
        ([without('bbox')], ', detection 0 must have .* and a bbox'),
        ([without('score')], ', detection 0 must have .* a score'),
        ([detection(0.5, 0, RIGHT)], ', detection 0 must have whole .* 0.5'),
        ([detection('a', 0, RIGHT)], ", detection 0 must have whole .* 'a'"),
        ([detection(0, 0, RIGHT[:3])], ', detection 0 must have .* a bbox'),
        ([detection(0, 0, RIGHT), detection(4, 0, RIGHT)], '1: image_id must .* 4'),
        ([detection(-1, 0, RIGHT)], 'between 0 and 3, since .* 4 images, got -1'),
        ([detection(0, 3, RIGHT)], 'category_id .* 0 and 2, since .* 3 classes, got 3'),
        ([detection(0, 0, [5, 3, 0, 10])], r'above 0, got \[5, 3, 0, 10\]'),
        ([detection(0, 0, [5, 3, 20, -1])], r'above 0, got \[5, 3, 20, -1\]'),
        ([detection(0, 0, [5, np.nan, 20, 9])], 'score and bbox must be finite, got'),
        ([detection(0, 0, RIGHT, np.inf)], 'score and bbox must be finite, got inf'),
    ],
)
def test_wrong_results(dataset, results, content, message):
    path = results(content)
    with pytest.raises(ValueError, match=rf'^{re.escape(str(path))}.*{message}'):
        evaluate_boxes(dataset, path)


# A training set


def test_pseudo_boxes_are_the_annotations(evaluate, predict, root, tmp_path):
    out_file = tmp_path / 'train.json'
    metric = DumpPseudoBoxes('cam', out_file=out_file, root=root / 'images')
    metric.dataset_meta = dict(classes=('eel', 'cod', 'ray'))
    sample = predict(2, draw(FAR), top=2, top_map=draw(BOX), scores=(0.25, 0.25, 0.5))

    assert evaluate(metric, [sample]) == dict(num_boxes=1)

    # Not the ground truth, and not the most probable class.
    annotation = dict(image_id=2, category_id=1, bbox=[0, 15, 4, 5], score=0.25)
    written = json.loads(out_file.read_text())
    assert written['annotations'] == [dict(annotation, id=1, area=20, iscrowd=0)]
    assert written['images'] == [
        dict(id=2, file_name='test/c.png', width=WIDTH, height=HEIGHT)
    ]
    names = [category['name'] for category in written['categories']]
    assert names == ['eel', 'cod', 'ray']
    assert [path.name for path in tmp_path.iterdir()] == ['train.json']


def test_pseudo_boxes_end_with_the_image(evaluate, predict, root, tmp_path):
    out_file = tmp_path / 'train.json'
    metric = DumpPseudoBoxes('cam', out_file=out_file, root=root / 'images')
    # A rule that rounds to the pixel behind the last one, and one before the first.
    metric.box_rule = lambda cam, size: (-1.0, 2.0, WIDTH, HEIGHT)
    evaluate(metric, [predict(0, draw(BOX))])
    (box,) = json.loads(out_file.read_text())['annotations']
    assert box['bbox'] == [0, 2, WIDTH, HEIGHT - 2]


def test_pseudo_boxes_of_one_image_twice_are_refused(evaluate, predict, root, tmp_path):
    metric = DumpPseudoBoxes(
        'cam', out_file=tmp_path / 'train.json', root=root / 'images'
    )
    with pytest.raises(ValueError, match='its own sample_idx, 2 have 0'):
        evaluate(metric, 2 * [predict(0, draw(BOX))])
