import numpy as np
import pytest
import torch
from drawing import HEIGHT, WIDTH, draw
from predictions import evaluate, sample_of

from mmccam.evaluation import LocalizationErrors
from mmccam.evaluation.metric import judge

TRUE = (10, 5, 19, 14)  # 10 x 10 pixels
LEFT, RIGHT = (0, 0, 9, 9), (15, 0, 24, 9)  # the same, 5 columns between them
LARGE, SMALL = (0, 0, 19, 9), (25, 0, 29, 4)


@pytest.mark.parametrize(
    ('box', 'truth', 'kind', 'overlap'),
    [
        (TRUE, [TRUE], 'right', 1),
        # 10 x 5 pixels inside: exactly one half.
        ((10, 5, 19, 9), [TRUE], 'right', 0.5),
        # A column less inside, 9 x 5, and one more around, 21 x 10.
        ((10, 5, 18, 9), [TRUE], 'too_small', 45 / 100),
        ((9, 5, 29, 14), [TRUE], 'too_large', 100 / 210),
        # Half of the object and 4 or 5 columns beside it: 90 or 100 pixels.
        ((15, 5, 23, 14), [TRUE], 'too_small', 50 / 140),
        ((15, 5, 24, 14), [TRUE], 'too_large', 50 / 150),
        # The last column of the object, and the first one behind it.
        ((19, 5, 28, 14), [TRUE], 'too_large', 10 / 190),
        ((20, 5, 29, 14), [TRUE], 'nothing_found', 0),
        # Both, 250 pixels; half of each, 150; half of one and 4 columns of the other.
        ((0, 0, 24, 9), [LEFT, RIGHT], 'several_objects', 100 / 250),
        ((5, 0, 19, 9), [LEFT, RIGHT], 'several_objects', 50 / 200),
        ((5, 0, 18, 9), [LEFT, RIGHT], 'too_large', 50 / 190),
        ((5, 0, 8, 9), [LEFT, RIGHT], 'too_small', 40 / 100),
        # A right box may cover a second object: 12 x 10 pixels, 100 of them LEFT.
        ((0, 0, 11, 9), [LEFT, (10, 0, 11, 1)], 'right', 100 / 120),
        # 15 x 5 pixels: 25 of them are all of the small object, 25 others part of the
        # large one, 25 / (75 + 200 - 25). The former is overlapped most.
        ((15, 0, 29, 4), [LARGE, SMALL], 'too_large', 25 / 75),
        ((15, 0, 29, 4), [LARGE], 'too_small', 25 / 250),
    ],
)
def test_kind_and_overlap_of_a_box(box, truth, kind, overlap):
    for boxes in (truth, truth[::-1]):
        assert judge(box, boxes, True, False, 0.5) == (kind, pytest.approx(overlap))


def test_kind_depends_on_class_map_and_overlap():
    part = (10, 5, 18, 9)  # an overlap of 0.45
    for box, arguments, kind in (
        (TRUE, (False, False, 0.5), 'class_wrong'),
        (part, (False, False, 0.5), 'too_small'),
        (LEFT, (False, False, 0.5), 'nothing_found'),
        # The map shows nothing.
        (TRUE, (True, True, 0.5), 'right'),
        (part, (True, True, 0.5), 'nothing_found'),
        (part, (True, False, 0.45), 'right'),
        (part, (True, False, 0.46), 'too_small'),
    ):
        assert judge(box, [TRUE], *arguments)[0] == kind


def prediction(cam, boxes=(TRUE,), pred_label=3, **more):
    """A prediction of class 3, or another, of an object of class 3."""
    scores = torch.full((5,), 0.1)
    scores[pred_label] = 0.6
    return sample_of(cam, boxes, (WIDTH, HEIGHT), pred_score=scores, **more)


def part_of(columns, **more):
    """A prediction with some of the ten columns of LEFT."""
    return prediction(draw((0, 0, columns - 1, 9)), [LEFT], **more)


def test_images_are_counted_by_kind():
    samples = [
        *[prediction(draw(TRUE))] * 3,
        *[prediction(draw(TRUE), pred_label=0)] * 2,
        *[prediction(draw(LEFT)), prediction(np.ones((4, 6)))],
        *[prediction(draw((0, 0, 24, 9)), [LEFT, RIGHT])] * 4,
        *[prediction(draw((10, 5, 18, 9)), pred_label=0)] * 2,
        prediction(draw((0, 0, 29, 18))),
    ]
    counts = dict(right=3, class_wrong=2, nothing_found=2, several_objects=4)
    counts.update(too_small=2, too_large=1)
    assert evaluate('LocalizationErrors', samples) == counts


def numbers(outcomes):
    return [outcome.image['sample_idx'] for outcome in outcomes]


@pytest.mark.parametrize('batch', [1, 4, 7])
def test_best_and_worst_images_come_first(batch):
    # The fourth has the wrong class, and of the last nothing is found. Of equally good
    # or bad ones the first comes first.
    samples = [
        part_of(columns, pred_label=1 if index == 3 else 3, sample_idx=index)
        for index, columns in enumerate((9, 8, 10, 10, 9, 10, 4, 1, 3, 1, 2))
    ]
    samples.append(prediction(draw(RIGHT), [LEFT], sample_idx=11))
    metric = LocalizationErrors('cam', num_examples=4)
    evaluate(metric, samples, batch)
    found = {kind: numbers(outcomes) for kind, outcomes in metric.examples.items()}
    random = found.pop('random')
    expected = dict(best=[2, 5, 0, 4], worst=[11, 7, 9, 10], too_small=[7, 9, 10, 8])
    expected.update(class_wrong=[3], nothing_found=[11])
    assert found == {**expected, 'several_objects': [], 'too_large': []}
    assert len(random) == 4
    overlaps = [outcome.overlap for outcome in metric.examples['worst']]
    assert overlaps == pytest.approx([0, 0.1, 0.1, 0.2])


@pytest.mark.parametrize('order', [range(6), (5, 3, 1, 0, 2, 4)])
def test_random_images_depend_on_no_order(order):
    metric = LocalizationErrors('cam', num_examples=3)
    evaluate(metric, [part_of(1 + index, sample_idx=index) for index in order])
    # The first bytes of the SHA-256 of '0' ... '5': 5f, 6b, d4, 4e, 4b, ef.
    assert numbers(metric.examples['random']) == [4, 3, 0]
    assert all(outcome.cam is not None for outcome in metric.examples['random'])


def test_only_the_examples_keep_their_maps():
    class WithMap(LocalizationErrors):
        def summarize(self, records):
            return dict(with_map=[outcome.cam is not None for outcome in records])

    samples = [part_of(n, sample_idx=i) for i, n in enumerate((4, 1, 3, 1, 2))]
    samples += [prediction(draw(TRUE), sample_idx=index) for index in (5, 6)]
    # The worst; random, whose SHA-256 begins with 4b; the best.
    with_map = [False, True, False, False, True, True, False]
    values = evaluate(WithMap('cam', num_examples=1), samples, batch=1)
    assert values == dict(with_map=with_map)


def test_examples_can_be_drawn():
    metric = LocalizationErrors('cam', num_examples=1)
    for columns in (1, 2):  # each evaluation has examples of its own
        sample = part_of(columns, pred_label=1, sample_idx=7)
        evaluate(metric, [sample])
    (outcome,) = metric.examples['too_small']
    assert outcome.image == dict(sample_idx=7, img_path='bird.jpg')
    assert outcome.box == (0, 0, 1, 9)
    assert outcome.true_boxes.tolist() == [list(LEFT)]
    assert (outcome.pred_label, outcome.gt_label) == (1, 3)
    assert np.array_equal(outcome.cam, draw((0, 0, 1, 9)))
    # The maps of a batch are not kept alive.
    assert not np.shares_memory(outcome.cam, sample['cams']['cam'].numpy())


def test_wrong_number_of_examples():
    with pytest.raises(ValueError, match='num_examples must be 0 or more, got -1'):
        LocalizationErrors('cam', num_examples=-1)
