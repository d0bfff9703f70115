import numpy as np
import pytest
import torch

from mmccam.evaluation import LocalizationErrors, outcome
from mmccam.evaluation.failures import ERRORS

WIDTH, HEIGHT = 30, 20
TRUE = (10, 5, 19, 14)  # 10 x 10 pixels
LEFT, RIGHT = (0, 0, 9, 9), (15, 0, 24, 9)  # the same, 5 columns between them


def judge(box, *boxes, class_right=True, degenerate=False, iou=0.5):
    return outcome.judge(box, boxes, class_right, degenerate, iou)


@pytest.mark.parametrize(
    ('box', 'kind', 'overlap'),
    [
        (TRUE, 'right', 1),
        # 10 x 5 pixels inside, and 20 x 10 around: exactly one half.
        ((10, 5, 19, 9), 'right', 0.5),
        ((10, 5, 29, 14), 'right', 0.5),
        # A column less inside, 9 x 5, and one more around, 21 x 10.
        ((10, 5, 18, 9), 'too_small', 45 / 100),
        ((9, 5, 29, 14), 'too_large', 100 / 210),
        # Half of the object and 4 or 5 columns beside it: 90 or 100 pixels.
        ((15, 5, 23, 14), 'too_small', 50 / 140),
        ((15, 5, 24, 14), 'too_large', 50 / 150),
        # The last column of the object, and the first one behind it.
        ((19, 5, 28, 14), 'too_large', 10 / 190),
        ((20, 5, 29, 14), 'nothing_found', 0),
    ],
)
def test_kind_of_a_box(box, kind, overlap):
    assert judge(box, TRUE) == (kind, pytest.approx(overlap))


@pytest.mark.parametrize(
    ('box', 'kind', 'overlap'),
    [
        # Both, 250 pixels; half of each, 150; half of one and 4 columns of the other.
        ((0, 0, 24, 9), 'several_objects', 100 / 250),
        ((5, 0, 19, 9), 'several_objects', 50 / 200),
        ((5, 0, 18, 9), 'too_large', 50 / 190),
        ((5, 0, 8, 9), 'too_small', 40 / 100),
        ((10, 0, 14, 9), 'nothing_found', 0),
        (RIGHT, 'right', 1),
    ],
)
@pytest.mark.parametrize('boxes', [(LEFT, RIGHT), (RIGHT, LEFT)])
def test_kind_of_a_box_among_two_objects(boxes, box, kind, overlap):
    assert judge(box, *boxes) == (kind, pytest.approx(overlap))


def test_right_box_may_cover_a_second_object():
    # 12 x 10 pixels, 100 of them LEFT, and the 4 of the other one.
    assert judge((0, 0, 11, 9), LEFT, (10, 0, 11, 1)) == ('right', 100 / 120)


def test_size_is_that_of_the_object_overlapped_most():
    # 15 x 5 pixels: 25 of them are all of the small object, 25 others part of the
    # large one, 25 / (75 + 200 - 25).
    box, large, small = (15, 0, 29, 4), (0, 0, 19, 9), (25, 0, 29, 4)
    assert judge(box, large, small) == ('too_large', 25 / 75)
    assert judge(box, large) == ('too_small', 25 / 250)


@pytest.mark.parametrize(
    ('box', 'kind'),
    [(TRUE, 'class_wrong'), ((10, 5, 18, 9), 'too_small'), (LEFT, 'nothing_found')],
)
def test_kind_where_the_class_is_wrong(box, kind):
    assert judge(box, TRUE, class_right=False)[0] == kind


@pytest.mark.parametrize(
    ('box', 'kind'),
    [(TRUE, 'right'), ((10, 5, 18, 9), 'nothing_found')],
)
def test_kind_where_the_map_shows_nothing(box, kind):
    assert judge(box, TRUE, degenerate=True)[0] == kind


@pytest.mark.parametrize(('iou', 'kind'), [(0.45, 'right'), (0.46, 'too_small')])
def test_overlap_asked_for(iou, kind):
    assert judge((10, 5, 18, 9), TRUE, iou=iou)[0] == kind


def draw(box):
    """A map of the image's size with a box on it, which the rule `cam` gives back."""
    x0, y0, x1, y1 = box
    cam = torch.zeros(HEIGHT, WIDTH)
    cam[y0 : y1 + 1, x0 : x1 + 1] = 1
    return cam


@pytest.fixture
def prediction(sample_of):
    """Make a prediction of class 3, or another, of an object of class 3."""

    def prediction(cam, boxes=(TRUE,), pred_label=3, **more):
        scores = torch.full((5,), 0.1)
        scores[pred_label] = 0.6
        size = (WIDTH, HEIGHT)
        return sample_of(cam, boxes, size, **dict(pred_score=scores, **more))

    return prediction


@pytest.fixture
def part_of(prediction):
    """Make a prediction with some of the ten columns of LEFT, which is too small."""

    def part_of(columns, **more):
        return prediction(draw((0, 0, columns - 1, 9)), [LEFT], **more)

    return part_of


def test_images_are_counted_by_kind(evaluate, prediction):
    both = [LEFT, RIGHT]
    samples = [
        *[prediction(draw(TRUE))] * 3,
        *[prediction(draw(TRUE), pred_label=0)] * 2,
        prediction(draw(LEFT)),
        *[prediction(draw((0, 0, 24, 9)), both)] * 4,
        *[prediction(draw((10, 5, 18, 9)), pred_label=0)] * 2,
        prediction(draw((0, 0, 29, 18))),
    ]
    assert evaluate('LocalizationErrors', samples) == dict(
        right=3,
        class_wrong=2,
        nothing_found=1,
        several_objects=4,
        too_small=2,
        too_large=1,
    )


def test_counts_agree_with_the_accuracies(evaluate, prediction):
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(100):
        xs, ys = np.sort(rng.integers((WIDTH, HEIGHT), size=(3, 2, 2)), axis=1).T
        first, *boxes = zip(xs[0], ys[0], xs[1], ys[1])
        samples.append(prediction(draw(first), boxes, pred_label=rng.integers(2, 4)))
    counts = evaluate('LocalizationErrors', samples, iou=0.2)
    accuracies = evaluate('CCAMLocalizationMetric', samples, iou=0.2)
    assert sum(counts.values()) == len(samples)
    assert counts['right'] == pytest.approx(accuracies['top1_loc'])
    assert counts['right'] + counts['class_wrong'] == pytest.approx(
        accuracies['gt_known_loc']
    )


@pytest.mark.parametrize('value', [3.0, torch.nan])
@pytest.mark.parametrize(
    ('box', 'kind'), [(TRUE, 'nothing_found'), ((0, 0, 29, 19), 'right')]
)
def test_map_without_object_stands_for_the_whole_image(
    evaluate, prediction, value, box, kind
):
    sample = prediction(torch.full((4, 6), value), [box])
    assert evaluate('LocalizationErrors', [sample])[kind] == 1


def test_box_rule_and_threshold(evaluate, prediction):
    cam = draw(TRUE)
    cam[5:15, 8:10] = 0.3  # two columns more, above the default threshold of 0.2
    values = [
        evaluate('LocalizationErrors', [prediction(cam)], iou=1, **arguments)
        for arguments in ({}, {'threshold': 0.4}, {'box_rule': 'nlccam_released'})
    ]
    # The ends of the released rule are exclusive.
    assert [value['right'] for value in values] == [0, 1, 0]


def test_names_do_not_meet_those_of_the_accuracies(prediction):
    metric = LocalizationErrors('ccam')
    sample = prediction(draw(TRUE))
    sample['cams'] = dict(ccam=sample['cams']['cam'])
    metric.process({}, [sample])
    kinds = ('right', *ERRORS, 'LocalizationErrors_degenerate_maps')
    assert set(metric.evaluate(1)) == {f'ccam/{kind}' for kind in kinds}


# Three of these are worse than the others; two are equally bad.
COLUMNS = (4, 1, 3, 1, 2)


@pytest.mark.parametrize('batch', [1, 2, 5])
def test_worst_images_come_first(part_of, batch):
    samples = [part_of(columns, sample_idx=i) for i, columns in enumerate(COLUMNS)]
    metric = LocalizationErrors('cam', num_examples=3)
    for start in range(0, 5, batch):
        metric.process({}, samples[start : start + batch])
    metric.evaluate(5)
    worst = metric.examples['too_small']
    assert [outcome.image['sample_idx'] for outcome in worst] == [1, 3, 4]
    assert [outcome.overlap for outcome in worst] == pytest.approx([0.1, 0.1, 0.2])


def test_each_kind_has_its_worst(evaluate, prediction):
    metric = LocalizationErrors('cam', num_examples=1)
    small, large = draw((10, 5, 18, 9)), draw((0, 0, 29, 18))
    evaluate(metric, [prediction(cam) for cam in (draw(TRUE), small, large, small)])
    assert {kind: len(found) for kind, found in metric.examples.items()} == dict(
        best=1,
        worst=1,
        random=1,
        class_wrong=0,
        nothing_found=0,
        several_objects=0,
        too_small=1,
        too_large=1,
    )


def test_worst_images_can_be_drawn(evaluate, part_of):
    metric = LocalizationErrors('cam')
    evaluate(metric, [part_of(2, pred_label=1, sample_idx=7)])
    (outcome,) = metric.examples['too_small']
    assert outcome.image == dict(sample_idx=7, img_path='bird.jpg')
    assert outcome.box == (0, 0, 1, 9)
    assert outcome.true_boxes.tolist() == [list(LEFT)]
    assert (outcome.pred_label, outcome.gt_label) == (1, 3)
    assert np.array_equal(outcome.cam, draw((0, 0, 1, 9)))


def numbers(outcomes):
    return [outcome.image['sample_idx'] for outcome in outcomes]


@pytest.mark.parametrize('batch', [1, 4, 7])
def test_best_images_are_right_and_come_first(prediction, batch):
    # Overlaps of 0.9, 0.8, 1, 1 of a wrong class, 0.9, 1 and 0.5.
    columns, wrong = (9, 8, 10, 10, 9, 10, 5), 3
    samples = [
        prediction(
            draw((0, 0, count - 1, 9)),
            [LEFT],
            pred_label=1 if index == wrong else 3,
            sample_idx=index,
        )
        for index, count in enumerate(columns)
    ]
    metric = LocalizationErrors('cam', num_examples=4)
    for start in range(0, 7, batch):
        metric.process({}, samples[start : start + batch])
    metric.evaluate(7)
    assert numbers(metric.examples['best']) == [2, 5, 0, 4]
    assert numbers(metric.examples['worst']) == [wrong]


def test_worst_images_are_of_any_kind(evaluate, prediction, part_of):
    metric = LocalizationErrors('cam', num_examples=4)
    nothing = prediction(draw(RIGHT), [LEFT], sample_idx=3)
    class_wrong = prediction(draw(LEFT), [LEFT], pred_label=1, sample_idx=0)
    parts = [part_of(count, sample_idx=index) for index, count in ((1, 4), (2, 1))]
    evaluate(metric, [class_wrong, *parts, nothing])
    assert numbers(metric.examples['worst']) == [3, 2, 1, 0]


@pytest.mark.parametrize('order', [range(6), (5, 3, 1, 0, 2, 4)])
def test_random_images_depend_on_no_order(evaluate, part_of, order):
    metric = LocalizationErrors('cam', num_examples=3)
    evaluate(metric, [part_of(1 + index, sample_idx=index) for index in order])
    # The first bytes of the SHA-256 of '0' ... '5': 5f, 6b, d4, 4e, 4b, ef.
    assert numbers(metric.examples['random']) == [4, 3, 0]
    assert all(outcome.cam is not None for outcome in metric.examples['random'])


def test_only_the_examples_keep_their_maps(part_of, prediction):
    class WithMap(LocalizationErrors):
        def summarize(self, records):
            return dict(with_map=[outcome.cam is not None for outcome in records])

    samples = [part_of(count, sample_idx=i) for i, count in enumerate(COLUMNS)]
    samples += [prediction(draw(TRUE), sample_idx=index) for index in (5, 6)]
    metric = WithMap('cam', num_examples=1)
    for sample in samples:
        metric.process({}, [sample])
    # The worst; random, whose SHA-256 begins with 4b; the best.
    with_map = [False, True, False, False, True, True, False]
    assert metric.evaluate(7)['cam/with_map'] == with_map


def test_maps_of_a_batch_are_not_kept_alive(evaluate, part_of):
    metric = LocalizationErrors('cam')
    sample = part_of(2)
    evaluate(metric, [sample])
    (outcome,) = metric.examples['too_small']
    assert not np.shares_memory(outcome.cam, sample['cams']['cam'].numpy())


def test_every_evaluation_starts_afresh(evaluate, part_of):
    metric = LocalizationErrors('cam', num_examples=1)
    for columns in (1, 4):
        evaluate(metric, [part_of(columns)])
        (outcome,) = metric.examples['too_small']
        assert outcome.overlap == columns / 10
        assert outcome.cam is not None


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'num_examples': -1}, 'num_examples must be 0 or more, got -1'),
        ({'iou': 0}, 'iou must lie above 0 and be at most 1, got 0'),
        ({'threshold': 1}, 'threshold must be at least 0 and below 1, got 1'),
        ({'box_rule': 'cams'}, 'there is no box rule "cams"'),
    ],
)
def test_wrong_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        LocalizationErrors('cam', **arguments)


def test_image_without_box(evaluate, prediction):
    with pytest.raises(ValueError, match='bird.jpg has no ground-truth box'):
        evaluate('LocalizationErrors', [prediction(draw(TRUE), [])])
