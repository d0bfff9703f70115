import numpy as np
import pytest

from mmccam.evaluation import MaxBoxAcc
from mmccam.registry import METRICS

OUTER, INNER = (10, 20, 110, 120), (50, 60, 60, 70)
IOUS = (30, 50, 70)


def draw(*rectangles):
    """A map with rectangles (x0, y0, x1, y1, value), which is not resized."""
    cam = np.zeros((224, 224))
    for x0, y0, x1, y1, value in rectangles:
        cam[y0 : y1 + 1, x0 : x1 + 1] = value
    return cam


@pytest.fixture
def steps():
    """A block of 1 in one of 0.5: OUTER up to the threshold 127 / 255, then INNER."""
    return draw((10, 20, 109, 119, 0.5), (50, 60, 59, 69, 1))


@pytest.mark.parametrize(
    ('boxes', 'expected'),
    [
        ([OUTER], 100),
        ([INNER], 100),
        # Each is right at thresholds where the other is not.
        ([OUTER, INNER], 50),
        ([OUTER, INNER, OUTER], 200 / 3),
        ([(150, 150, 200, 200)], 0),
    ],
)
def test_best_threshold_of_all_images_together(
    evaluate, sample_of, steps, boxes, expected
):
    samples = [sample_of(steps, [box]) for box in boxes]
    values = evaluate('MaxBoxAcc', samples)
    assert values['max_box_acc_50'] == pytest.approx(expected)


def test_number_of_correct_images(sample_of, steps):
    # Thresholds 0, 0.25, 0.5, 0.75 cut at 0, 63, 127, 191; 0.5 is truncated to 127,
    # which is not above 127.
    metric = MaxBoxAcc('cam', ious=[0.5, 0.9], step=0.25)
    samples = [sample_of(steps, [box]) for box in (OUTER, INNER, OUTER)]
    records = [metric.record(sample, steps) for sample in samples]
    assert correct(metric, records).tolist() == [[[2, 2, 1, 1]] * 2] * 2


def test_several_thresholds_of_one_level(sample_of, steps):
    # 0, 0.004 ... 0.996: 255 * 0.004 = 1.02, so that 126 levels of 250 thresholds are
    # below 127: 127 / 255 = 0.49804, the first 125 thresholds.
    metric = MaxBoxAcc('cam', ious=[0.5], contours='largest', step=0.004)
    records = [metric.record(sample_of(steps, [OUTER]), steps)]
    ((correct,),) = correct(metric, records).tolist()
    assert correct == [1] * 125 + [0] * 125


def test_versions_one_and_two(evaluate, sample_of):
    # The ground truth is on the smaller component.
    cam = draw((10, 10, 69, 69, 1), (100, 100, 119, 119, 1))
    values = evaluate('MaxBoxAcc', [sample_of(cam, [(100, 100, 120, 120)])])
    v1 = {f'max_box_acc_{iou}': 0 for iou in IOUS}
    v2 = {f'max_box_acc_v2_{iou}': 100 for iou in IOUS}
    assert values == {**v1, **v2, 'max_box_acc_v2': 100}


def test_version_two_is_the_mean_of_its_overlaps(evaluate, sample_of):
    # 41 x 21 pixels of 41 x 42 and of 41 x 56: one half and three eighths.
    cam = draw((20, 20, 59, 39, 1))
    samples = [sample_of(cam, [(20, 20, 60, y1)]) for y1 in (40, 61, 75)]
    values = evaluate('MaxBoxAcc', samples, contours='all')
    assert values == pytest.approx(
        dict(
            max_box_acc_v2_30=100,
            max_box_acc_v2_50=200 / 3,
            max_box_acc_v2_70=100 / 3,
            max_box_acc_v2=200 / 3,
        )
    )


@pytest.mark.parametrize(
    ('contours', 'names'),
    [
        ('largest', ['max_box_acc_30', 'max_box_acc_50', 'max_box_acc_70']),
        (
            'all',
            [
                'max_box_acc_v2_30',
                'max_box_acc_v2_50',
                'max_box_acc_v2_70',
                'max_box_acc_v2',
            ],
        ),
    ],
)
def test_one_kind_of_contours_reports_its_names(
    evaluate, sample_of, steps, contours, names
):
    samples = [sample_of(steps, [OUTER]), sample_of(steps, [INNER])]
    both = evaluate('MaxBoxAcc', samples)
    values = evaluate('MaxBoxAcc', samples, contours=contours)
    assert values == {name: both[name] for name in names}


@pytest.mark.parametrize(
    ('last_row', 'iou', 'expected'),
    [
        # 40 x 20 pixels of the box within 40 rows: an overlap of exactly one half.
        (59, 0.5, 100),
        (59, 0.501, 0),
        # 20 of 50 rows, and 20 of 20.
        (69, 0.4, 100),
        (69, 0.401, 0),
        (39, 1, 100),
    ],
)
def test_overlap_at_the_bound(evaluate, sample_of, last_row, iou, expected):
    # The box of this component is (20, 20, 59, 39).
    cam = draw((20, 20, 58, 38, 1))
    samples = [sample_of(cam, [(20, 20, 59, last_row)])]
    values = evaluate('MaxBoxAcc', samples, ious=[iou])
    assert values[f'max_box_acc_v2_{100 * iou:g}'] == expected


@pytest.mark.parametrize(
    ('ious', 'names'),
    [
        ([0.5], ['50']),
        ([0.55, 0.9], ['55', '90']),
        ([0.125, 1], ['12.5', '100']),
        ([0.07, 0.29], ['7', '29']),  # 100 times these is not whole
    ],
)
def test_any_overlaps(evaluate, sample_of, steps, ious, names):
    values = evaluate('MaxBoxAcc', [sample_of(steps, [OUTER])], ious=ious)
    v1 = [f'max_box_acc_{name}' for name in names]
    v2 = [f'max_box_acc_v2_{name}' for name in names]
    assert list(values) == [*v1, *v2]


def test_truth_is_scaled_to_the_map(evaluate, sample_of, steps):
    # A non-square image: twice the width and half the height of the map.
    box = (20, 10, 220, 60)
    samples = [sample_of(steps, [box], size=(448, 112))]
    values = evaluate('MaxBoxAcc', samples, ious=[1])
    assert values['max_box_acc_100'] == 100


def test_map_is_brought_to_224_pixels(evaluate, sample_of):
    # The right half of 2 x 2 positions. Between 0 and 1, in the middle of the image,
    # cubic interpolation passes 0.5: the columns from 112 on are above.
    samples = [sample_of([[0, 1], [0, 1]], [(112, 0, 223, 223)], size=(224, 224))]
    values = evaluate('MaxBoxAcc', samples, ious=[1])
    assert values['max_box_acc_100'] == 100


def test_any_of_several_boxes(evaluate, sample_of, steps):
    samples = [sample_of(steps, [(150, 150, 200, 200), OUTER])]
    assert evaluate('MaxBoxAcc', samples)['max_box_acc_70'] == 100


@pytest.mark.parametrize('value', [0.7, np.nan, np.inf])
@pytest.mark.parametrize(
    ('box', 'expected'), [((0, 0, 0, 0), 100), ((1, 0, 223, 223), 0)]
)
def test_degenerate_map_gives_the_first_pixel(
    evaluate, sample_of, log, value, box, expected
):
    samples = [sample_of(np.full((14, 14), value), [box], size=(224, 224))]
    values = evaluate('MaxBoxAcc', samples, prefix='p')
    assert set(values.values()) == {expected}
    assert log.messages == ['p: 1 of 1 maps are constant or not finite']


def test_record_is_small(sample_of, steps):
    # 255 levels, two kinds of contours and three overlaps in bits.
    metric = MaxBoxAcc('cam')
    record = metric.record(sample_of(steps, [OUTER]), steps)
    assert record.nbytes == (255 * 2 * 3 + 7) // 8


@pytest.mark.parametrize(
    ('boxes', 'message'),
    [
        ([], 'bird.jpg has no ground-truth box'),
        ([(5, 3, 300, 12)], 'bird.jpg has 224 x 224 pixels, but .* outside: .* 300.0'),
    ],
)
def test_wrong_boxes(evaluate, sample_of, steps, boxes, message):
    with pytest.raises(ValueError, match=message):
        evaluate('MaxBoxAcc', [sample_of(steps, boxes)])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (
            {'contours': 'some'},
            'contours must be "largest", "all" or "both", got "some"',
        ),
        ({'ious': ()}, 'ious must name at least one overlap'),
        ({'ious': (0.5, 0)}, 'iou must lie above 0 and be at most 1, got 0'),
        ({'ious': (50,)}, 'iou must lie above 0 and be at most 1, got 50'),
        ({'step': 0}, 'step must lie between 0 and 1, got 0'),
        ({'step': 1}, 'step must lie between 0 and 1, got 1'),
    ],
)
def test_wrong_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        METRICS.build(dict(type='mmccam.MaxBoxAcc', cam='cam', **arguments))
