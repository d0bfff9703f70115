import json
import re

import numpy as np
import pytest
from drawing import BOX, FAR, HEIGHT, WIDTH, draw
from four_images import CLASSES
from predictions import evaluate

from mmccam.evaluation import CCAMLocalizationMetric, DumpBoxes, DumpPseudoBoxes
from mmccam.evaluation.coco_files import evaluate_boxes

IMAGE = dict(width=WIDTH, height=HEIGHT)
CATEGORIES = [dict(id=label, name=name) for label, name in enumerate(CLASSES)]
RIGHT, WRONG = [5, 3, 20, 10], [0, 15, 4, 5]  # BOX and FAR as COCO has them


@pytest.fixture
def dump(root, tmp_path):
    """Write boxes and return the contents of all files by their names."""

    def dump(samples, metric=DumpBoxes, classes=CLASSES, **kwargs):
        kwargs = dict(out_file=str(tmp_path / 'out/boxes.json'), **kwargs)
        metric = metric('cam', root=str(root / 'images'), **kwargs)
        metric.dataset_meta = classes and dict(classes=classes)
        assert evaluate(metric, samples) == dict(num_boxes=len(samples))
        files = (tmp_path / 'out').iterdir()
        return {path.name: json.loads(path.read_text()) for path in files}

    return dump


@pytest.fixture
def results(tmp_path):
    """Write COCO results, or what is found in their place."""

    def write(content):
        path = tmp_path / 'results.json'
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


# Written


@pytest.mark.parametrize(
    ('target', 'label', 'bbox', 'score'),
    [('top1', 2, WRONG, 0.5), ('true', 1, RIGHT, 0.25)],
)
def test_boxes(dump, predict, target, label, bbox, score):
    sample = predict(2, draw(BOX), top=2, top_map=draw(FAR), scores=(0.25, 0.25, 0.5))
    expected = dict(image_id=2, category_id=label, bbox=bbox, score=score)
    assert dump([sample], target=target)['boxes.json'] == [expected]


def test_true_boxes_beside_the_results(dump, predict):
    second = dict(predict(2, draw(BOX)), loc_boxes=np.array([FAR, BOX], np.float32))
    far, box = dict(bbox=WRONG, area=20), dict(bbox=RIGHT, area=200)
    assert dump([predict(0, draw(BOX)), second])['boxes.gt.json'] == dict(
        info={},
        images=[dict(IMAGE, id=i, file_name=f'test/{"abc"[i]}.png') for i in (0, 2)],
        categories=CATEGORIES,
        annotations=[
            dict(box, id=1, image_id=0, category_id=0, iscrowd=0),
            dict(far, id=2, image_id=2, category_id=1, iscrowd=0),
            dict(box, id=3, image_id=2, category_id=1, iscrowd=0),
        ],
    )


def test_images_may_have_no_true_box_and_classes_no_names(dump, predict):
    sample = predict(2, draw(BOX))
    sample.pop('loc_boxes')
    files = dump([sample], classes=None)
    assert len(files['boxes.json']) == 1
    truth = files['boxes.gt.json']
    assert truth['categories'] == [dict(id=0, name='0'), dict(id=1, name='1')]
    assert not truth['annotations']


@pytest.mark.parametrize('metric', [DumpBoxes, DumpPseudoBoxes])
def test_two_images_of_one_id_are_refused(dump, predict, metric):
    samples = [predict(0, draw(BOX)), dict(predict(1, draw(BOX)), sample_idx=0)]
    with pytest.raises(ValueError, match='its own sample_idx, 2 have 0'):
        dump(samples, metric)


def test_wrong_arguments_of_boxes():
    with pytest.raises(ValueError, match=r'must end in \.json, got boxes\.pkl'):
        DumpBoxes('cam', out_file='boxes.pkl', root='images')
    with pytest.raises(ValueError, match='must be "top1" or "true", got "top5"'):
        DumpBoxes('cam', out_file='boxes.json', root='images', target='top5')


def test_pseudo_boxes_are_the_annotations(dump, predict):
    sample = predict(2, draw(FAR), top=2, top_map=draw(BOX), scores=(0.25, 0.25, 0.5))
    files = dump([sample], DumpPseudoBoxes)
    # Not the true box, and not the most probable class.
    annotation = dict(image_id=2, category_id=1, bbox=WRONG, score=0.25)
    assert files.keys() == {'boxes.json'}
    assert files['boxes.json'] == dict(
        info={},
        images=[dict(IMAGE, id=2, file_name='test/c.png')],
        categories=CATEGORIES,
        annotations=[dict(annotation, id=1, area=20, iscrowd=0)],
    )


# Read back


@pytest.mark.parametrize('rule', ['largest_component', 'released_nlccam'])
@pytest.mark.parametrize(
    ('target', 'expected', 'name'),
    [
        # The first alone; the first and the third.
        ('top1', dict(top1_loc=25, box_acc=50), 'top1_loc'),
        # The first, the third and the fourth, all under their true class.
        ('true', dict(top1_loc=75, box_acc=75), 'gt_known_loc'),
    ],
)
def test_boxes_have_the_accuracy_of_their_metric(
    dump, dataset, predict, results, rule, target, expected, name
):
    # Class and box right, class right, box right, box of the true class right.
    predictions = [
        predict(0, draw(BOX)),
        predict(1, draw(FAR)),
        predict(2, draw(BOX), top=2, top_map=draw(BOX), scores=(0.2, 0.1, 0.7)),
        predict(3, draw(BOX), top=0, top_map=draw(FAR)),
    ]
    written = dump(predictions, target=target, box_rule=rule)['boxes.json']
    assert evaluate_boxes(dataset, results(written)) == expected
    metric = evaluate(CCAMLocalizationMetric('cam', rule), predictions)
    assert metric[name] == expected['top1_loc']


# Scored


def detection(image_id, label, bbox, score=0.5):
    return dict(image_id=image_id, category_id=label, bbox=bbox, score=score)


def test_overlap_of_detections(dataset, results):
    # 20 x 5 of 20 x 10 pixels, exactly one half, and a column less.
    boxes = [5, 3, 20, 5], [5, 3, 19, 5], [5.0, 3.0, 20.0, 10.0], WRONG
    path = results([detection(i, 0, bbox) for i, bbox in enumerate(boxes)])
    assert evaluate_boxes(dataset, path)['box_acc'] == 50


def test_the_best_detection_of_an_image_counts(dataset, results):
    labels = [dataset.get_data_info(index)['gt_label'] for index in range(3)]
    scores = (0.4, 0.6), (0.6, 0.4), (0.5, 0.5)  # the first of equal ones
    found = [
        detection(index, labels[index], bbox, score)
        for index, both in enumerate(scores)
        for bbox, score in zip((RIGHT, WRONG), both)
    ]
    path = results([*found, detection(3, 0, WRONG)])
    assert evaluate_boxes(dataset, path) == dict(top1_loc=50, box_acc=50)


def test_images_without_detection_are_wrong(dataset, results, log):
    path = results([detection(3, 2, RIGHT)])
    assert evaluate_boxes(dataset, path) == dict(top1_loc=25, box_acc=25)
    assert log.messages == [
        f'3 of 4 images have no detection in {path}: they count as wrong'
    ]


def test_boxes_that_reach_beyond_their_image_are_reported(dataset, results, log):
    # The box from column 5 on ends at column 24 or, as x1 = 34 would, behind the last.
    widths = 20, 30, 30, 20
    path = results([detection(i, 0, [5, 3, w, 10]) for i, w in enumerate(widths)])
    evaluate_boxes(dataset, path)
    (line,) = log.messages
    assert f'2 of 4 boxes in {path} reach beyond' in line


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('', 'is no readable JSON: Expecting value'),
        ('{"images": []}', "must be a list of detections, .*, got {'images': ..}"),
        ([], r'must be a list of detections, .*, got \[\]'),
        ([[0, 0, 5, 3, 20, 10]], ', detection 0 must have whole numbers image_id and'),
        ([dict(image_id=0)], ', detection 0 must have .* a score'),
        ([detection(0.5, 0, RIGHT)], ', detection 0 must have whole .* 0.5'),
        ([detection(0, 0, RIGHT[:3])], ', detection 0 must have .* a bbox'),
        ([detection(0, 0, RIGHT), detection(4, 0, RIGHT)], '1: image_id must .* 4'),
        ([detection(-1, 0, RIGHT)], 'between 0 and 3, since .* 4 images, got -1'),
        ([detection(0, 3, RIGHT)], 'category_id .* 0 and 2, since .* 3 classes, got 3'),
        ([detection(0, 0, [5, 3, 20, -1])], r'above 0, got \[5, 3, 20, -1\]'),
        ([detection(0, 0, [5, np.nan, 20, 9])], 'bbox must not be NaN or infinite'),
        ([detection(0, 0, RIGHT, np.inf)], 'score and bbox must not .*, got inf'),
    ],
)
def test_wrong_results(dataset, results, content, message):
    path = results(content)
    with pytest.raises(ValueError, match=rf'^{re.escape(str(path))}.*{message}'):
        evaluate_boxes(dataset, path)
