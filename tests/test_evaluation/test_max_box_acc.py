import pytest
from drawing import rectangles as draw
from predictions import evaluate, sample_of

from mmccam.evaluation import MaxBoxAcc

OUTER, INNER = (10, 20, 110, 120), (50, 60, 60, 70)
ELSEWHERE = (150, 150, 200, 200)


# A block of 1 in one of 0.5: OUTER up to the threshold 127 / 255, then INNER.
STEPS = draw((10, 20, 109, 119, 0.5), (50, 60, 59, 69, 1))


@pytest.mark.parametrize(
    ('truth', 'expected'),
    [
        ([[OUTER]], 100),
        # Each is right at thresholds where the other is not.
        ([[OUTER], [INNER]], 50),
        ([[ELSEWHERE]], 0),
    ],
)
def test_best_threshold_of_all_images_together(truth, expected):
    values = evaluate('MaxBoxAcc', [sample_of(STEPS, boxes) for boxes in truth])
    assert values['max_box_acc_50'] == pytest.approx(expected)


@pytest.mark.parametrize(
    ('boxes', 'arguments', 'correct'),
    [
        # Thresholds 0, 0.25, 0.5, 0.75 cut at 0, 63, 127, 191; 0.5 is truncated to 127,
        # which is not above 127.
        ([OUTER, INNER, OUTER], dict(ious=[0.5, 0.9], step=0.25), [[[2, 2, 1, 1]] * 2]),
        # 0, 0.004 ... 0.996: 255 * 0.004 = 1.02, so that 126 levels of 250 thresholds
        # are below 127: 127 / 255 = 0.49804, the first 125 thresholds.
        ([OUTER], dict(ious=[0.5], step=0.004), [[[1] * 125 + [0] * 125]]),
    ],
)
def test_number_of_correct_images(boxes, arguments, correct):
    samples = [sample_of(STEPS, [box]) for box in boxes]
    for contours, kinds in (('largest', 1), ('both', 2)):
        metric = MaxBoxAcc('cam', contours=contours, **arguments)
        evaluate(metric, samples)
        assert metric.correct.tolist() == correct * kinds


V1 = ['max_box_acc_30', 'max_box_acc_50', 'max_box_acc_70']
V2 = ['max_box_acc_v2_30', 'max_box_acc_v2_50', 'max_box_acc_v2_70', 'max_box_acc_v2']


@pytest.mark.parametrize(
    ('contours', 'names'), [('largest', V1), ('all', V2), ('both', V1 + V2)]
)
def test_versions_one_and_two(contours, names):
    # The true box is on the smaller component.
    cam = draw((10, 10, 69, 69, 1), (100, 100, 119, 119, 1))
    sample = sample_of(cam, [(100, 100, 120, 120)])
    values = evaluate('MaxBoxAcc', [sample], contours=contours)
    assert values == {name: 100 if name in V2 else 0 for name in names}


def test_overlap_at_the_bound():
    # The box of this component is (20, 20, 59, 39): 20 of 40, 50 and 20 rows.
    cam = draw((20, 20, 58, 38, 1))
    for last_row, right, wrong in ((59, 0.5, 0.501), (69, 0.4, 0.401), (39, 1, None)):
        sample = sample_of(cam, [(20, 20, 59, last_row)])
        ious = [right, wrong] if wrong else [right]
        values = evaluate('MaxBoxAcc', [sample], ious=ious, contours='all')
        assert list(values.values()) == [100, 0][: len(ious)]


def test_any_overlaps():
    ious = [0.55, 1, 0.125, 0.07, 0.29]  # 100 times the last two is not whole
    values = evaluate('MaxBoxAcc', [sample_of(STEPS, [OUTER])], ious=ious)
    names = ['55', '100', '12.5', '7', '29']
    kinds = ('max_box_acc', 'max_box_acc_v2')
    assert list(values) == [f'{kind}_{name}' for kind in kinds for name in names]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'contours': 'some'}, '"largest", "all" or "both", got "some"'),
        ({'ious': ()}, 'ious must name at least one overlap'),
        ({'ious': (0.5, 0)}, 'iou must lie .* got 0'),
        ({'step': 1}, 'step must lie between 0 and 1, got 1'),
    ],
)
def test_wrong_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        MaxBoxAcc('cam', **arguments)
