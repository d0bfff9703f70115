import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.structures import DataSample

from mmccam.evaluation import CCAMLocalizationMetric, box_rule
from mmccam.registry import FUNCTIONS

WIDTH, HEIGHT = 30, 20
SIX_CLASSES = [0.30, 0.25, 0.20, 0.15, 0.08, 0.02]  # ranked 0, 1, ... 5


def draw(box):
    """A map of the image's size with a box on it, which the rule `cam` gives back."""
    x0, y0, x1, y1 = box
    cam = torch.zeros(HEIGHT, WIDTH)
    cam[y0 : y1 + 1, x0 : x1 + 1] = 1
    return cam


def make_sample(label, true_map, boxes, scores=SIX_CLASSES, top_map=None, **cams):
    """A prediction with the map `cam` of the top class and the true class."""
    top_map = draw((0, 0, 1, 1)) if top_map is None else top_map
    top = int(np.argmax(scores))
    if top == label:
        top_map = true_map
    return dict(
        img_path='bird.jpg',
        ori_shape=(HEIGHT, WIDTH),
        loc_boxes=np.array(boxes, np.float32).reshape(-1, 4),
        gt_label=torch.tensor([label]),
        pred_score=torch.tensor(scores),
        cam_labels=torch.tensor([top, label]),
        cams={'cam': torch.stack([top_map, true_map]), **cams},
    )


def evaluate(samples, cam='cam', **kwargs):
    """The accuracies of a metric without their prefix."""
    metric = CCAMLocalizationMetric(cam, prefix='p', **kwargs)
    metric.process({}, samples)
    values = metric.evaluate(len(samples))
    del values['p/CCAMLocalizationMetric_degenerate_maps']  # see test_base.py
    return {name.split('/')[1]: value for name, value in values.items()}


def gt_known(sample, **kwargs):
    return evaluate([sample], **kwargs)['gt_known_loc']


BOX = (5, 3, 24, 12)  # 20 x 10 pixels
FAR = (0, 15, 3, 19)


def test_accuracies():
    samples = [
        make_sample(0, draw(BOX), [BOX]),  # rank 1, box right
        make_sample(0, draw(FAR), [BOX]),  # rank 1, box wrong
        make_sample(4, draw(BOX), [BOX]),  # rank 5, box right
        make_sample(5, draw(BOX), [BOX]),  # rank 6, box right
        make_sample(1, draw(BOX), [BOX]),  # rank 2, box right
    ]
    # Of 5 images: the first; the first, third and fifth; all but the second.
    assert evaluate(samples) == pytest.approx(
        dict(top1_loc=20, top5_loc=60, gt_known_loc=80, threshold=0.2)
    )


@pytest.mark.parametrize(
    ('ranks', 'hits', 'expected'),
    [
        ([0], [False], (0, 0, 0)),
        ([4, 5], [True, True], (0, 50, 100)),
        ([0, 0, 3, 7], [True, False, True, True], (25, 50, 75)),
    ],
)
def test_calculate(ranks, hits, expected):
    values = CCAMLocalizationMetric.calculate(np.array(ranks), np.array(hits))
    names = ('top1_loc', 'top5_loc', 'gt_known_loc')
    assert values == pytest.approx(dict(zip(names, expected)))


@pytest.mark.parametrize(
    ('num_images', 'expected'),
    # The second: a distributed sampler repeats images so that all processes have
    # equally many, and what was repeated is cut off again.
    [(4, 25), (1, 100)],
)
def test_batches_add_up(num_images, expected):
    metric = CCAMLocalizationMetric('cam')
    metric.process({}, [make_sample(0, draw(BOX), [BOX])])
    metric.process({}, [make_sample(0, draw(FAR), [BOX])] * 3)
    assert metric.evaluate(num_images)['cam/gt_known_loc'] == expected


def test_box_is_that_of_the_true_class():
    # The most probable class 0 has the right box, the true class 1 has not.
    sample = make_sample(1, draw(FAR), [BOX], top_map=draw(BOX))
    values = evaluate([sample])
    assert values == dict(top1_loc=0, top5_loc=0, gt_known_loc=0, threshold=0.2)


@pytest.mark.parametrize('boxes', [[FAR, BOX], [BOX, FAR]])
def test_any_of_several_boxes(boxes):
    assert gt_known(make_sample(0, draw(BOX), boxes)) == 100


@pytest.mark.parametrize(
    ('last_row', 'iou', 'expected'),
    [
        # 20 x 10 pixels within 20 x 20: an overlap of exactly one half.
        (9, 0.5, 100),
        (9, 0.501, 0),
        # 20 x 9 pixels: 0.45, and 20 x 20: 1.
        (8, 0.5, 0),
        (19, 1, 100),
    ],
)
def test_overlap_at_the_threshold(last_row, iou, expected):
    sample = make_sample(0, draw((5, 0, 24, last_row)), [(5, 0, 24, 19)])
    assert gt_known(sample, iou=iou) == expected


@pytest.mark.parametrize(
    ('label', 'scores', 'top1_loc'),
    [
        # All of three classes are among the first five.
        (0, [0.5, 0.3, 0.2], 100),
        (2, [0.5, 0.3, 0.2], 0),
        # Equal scores: the lower index first.
        (1, [0.2, 0.4, 0.4], 100),
        (2, [0.2, 0.4, 0.4], 0),
    ],
)
def test_few_classes(label, scores, top1_loc):
    values = evaluate([make_sample(label, draw(BOX), [BOX], scores=scores)])
    assert (values['top1_loc'], values['top5_loc']) == (top1_loc, 100)


def test_map_is_brought_to_the_size_of_a_non_square_image():
    # Two columns on 30 pixels, from 0 at x = 7 to 1 at x = 22: at least 0.5 from
    # x = 14.5 on. With width and height confused it would begin at 10.
    cam = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    sample = make_sample(0, cam, [(15, 0, 29, 19)], top_map=cam)
    assert gt_known(sample, threshold=0.5, iou=1) == 100


@pytest.mark.parametrize(('threshold', 'expected'), [(0.4, 100), (0.25, 0)])
def test_threshold(threshold, expected):
    cam = draw(BOX)
    cam[:, 0:5] = 0.3  # joins the box on its left
    # Above 0.3 the box is right. Else it is 25 x 20 pixels: 200 of 500.
    assert gt_known(make_sample(0, cam, [BOX]), threshold=threshold) == expected


def test_released_box_rule():
    # The left half of the map: 112 of 224 columns, with the end exclusive 15 of 30.
    cam = torch.zeros(224, 224)
    cam[:, :112] = 1
    sample = make_sample(0, cam, [(0, 0, 15, 20)], top_map=cam)
    assert gt_known(sample, box_rule='nlccam_released', iou=1) == 100


@pytest.fixture
def left_half():
    """A user's own box rule, registered while a test runs."""

    @box_rule('left_half', threshold=0.3)
    def left_half(cam, size, thresholds):
        return [(0, 0, size[0] // 2 - 1, size[1] - 1)] * len(thresholds)

    yield
    FUNCTIONS.module_dict.pop('left_half')


def test_own_box_rule(left_half):
    sample = make_sample(0, draw(FAR), [(0, 0, 14, 19)])
    assert gt_known(sample, box_rule='left_half', iou=1) == 100


@pytest.mark.parametrize(
    ('arguments', 'threshold'),
    [
        ({}, 0.2),
        ({'box_rule': 'nlccam_released'}, 0.12),
        ({'box_rule': 'left_half'}, 0.3),
        ({'threshold': 0.45}, 0.45),
    ],
)
def test_threshold_is_reported(left_half, arguments, threshold):
    values = evaluate([make_sample(0, draw(BOX), [BOX])], **arguments)
    assert values['threshold'] == threshold


NAN = torch.full((4, 6), torch.nan)
CONSTANT = torch.full((4, 6), 3.0)


@pytest.mark.parametrize('rule', ['cam', 'nlccam_released'])
def test_maps_without_object(log, rule):
    good = make_sample(0, draw(BOX), [BOX])
    evaluate([good], box_rule=rule)
    assert log.messages == []
    whole = [(0, 0, WIDTH - 1, HEIGHT - 1)]
    samples = [make_sample(0, cam, whole, top_map=cam) for cam in (NAN, CONSTANT)]
    for sample in samples:
        assert gt_known(sample, box_rule=rule, iou=1) == 100
    log.clear()
    evaluate([*samples, good], box_rule=rule)
    (message,) = log.messages
    assert 'p: 2 of 3 maps are constant or not finite' in message


def test_metrics_side_by_side():
    sample = make_sample(0, draw(BOX), [BOX], other=torch.stack([draw(FAR)] * 2))
    metric = dict(type='mmccam.CCAMLocalizationMetric')
    evaluator = Evaluator(
        [
            dict(metric, cam='cam'),
            dict(metric, cam='other'),
            dict(metric, cam='cam', iou=0.9, prefix='strict'),
        ]
    )
    evaluator.process([DataSample(**sample)])
    values = evaluator.evaluate(1)
    assert values == {
        f'{prefix}/{name}': value
        for prefix, value in [('cam', 100), ('other', 0), ('strict', 100)]
        for name in ('top1_loc', 'top5_loc', 'gt_known_loc')
    } | {
        f'{prefix}/{name}': value
        for prefix in ('cam', 'other', 'strict')
        for name, value in [
            ('threshold', 0.2),
            ('CCAMLocalizationMetric_degenerate_maps', 0),
        ]
    }


def test_map_of_unknown_name():
    sample = make_sample(0, draw(BOX), [BOX], other=torch.zeros(2, 4, 4))
    message = r"""no map "ccam", only \['cam', 'other'\]"""
    with pytest.raises(ValueError, match=message):
        CCAMLocalizationMetric('ccam').process({}, [sample])


@pytest.mark.parametrize(
    ('boxes', 'message'),
    [
        ([], 'bird.jpg has no ground-truth box'),
        ([BOX, (5, 3, 31, 12)], 'bird.jpg has 30 x 20 pixels, but .* outside: .* 31.0'),
        ([(5, 3, 24, 21)], 'but a .* reversed or outside: .* 21.0'),
        ([(-1, 3, 24, 12)], 'but a .* reversed or outside: .*-1.0'),
    ],
)
def test_wrong_boxes(boxes, message):
    with pytest.raises(ValueError, match=message):
        gt_known(make_sample(0, draw(BOX), boxes))


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'iou': 0}, 'iou must lie above 0 and be at most 1, got 0'),
        ({'iou': 1.5}, 'iou must lie above 0 and be at most 1, got 1.5'),
        ({'threshold': 1}, 'threshold must be at least 0 and below 1, got 1'),
        ({'threshold': -0.1}, 'threshold must be at least 0 and below 1, got -0.1'),
        ({'box_rule': 'cams'}, 'there is no box rule "cams", only largest_component'),
    ],
)
def test_wrong_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        CCAMLocalizationMetric('cam', **arguments)
