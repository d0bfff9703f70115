import numpy as np
import pytest

from mmccam.evaluation import ThresholdSearch, box_rule
from mmccam.registry import FUNCTIONS, METRICS

INSIDE = (2, 2, 5, 5)
THRESHOLDS = ThresholdSearch.thresholds


@pytest.fixture
def steps():
    """A pixel of 1 in a square of 0.75 in an image of 0.25, with one pixel of 0.

    Up to 0.25 the box is the image, up to 0.75 the square, above it one pixel.
    """
    cam = np.full((10, 10), 0.25)
    cam[2:6, 2:6] = 0.75
    cam[3, 3] = 1
    cam[9, 9] = 0
    return cam


@pytest.fixture
def curves(sample_of):
    """Evaluate samples; the accuracies of all thresholds by rule and IoU."""

    def curves(*samples, **kwargs):
        metric = ThresholdSearch('cam', **kwargs)
        metric.process({}, samples)
        metric.evaluate(len(samples))
        return metric.curves

    return curves


@pytest.mark.parametrize(
    ('box', 'threshold'),
    [((0, 0, 9, 9), 0.01), (INSIDE, 0.26), ((3, 3, 3, 3), 0.76)],
)
def test_the_lowest_of_the_best_thresholds_is_found(
    evaluate, sample_of, steps, box, threshold
):
    samples = [sample_of(steps, [box])]
    values = evaluate('ThresholdSearch', samples, box_rules=['cam'])
    assert values == pytest.approx(dict(cam_threshold=threshold, cam_gt_known_loc=100))


def test_the_most_images_win(evaluate, sample_of, steps):
    samples = [sample_of(steps, [box]) for box in (INSIDE, (3, 3, 3, 3), INSIDE)]
    values = evaluate('ThresholdSearch', samples, box_rules=['cam'])
    assert values == pytest.approx(dict(cam_threshold=0.26, cam_gt_known_loc=200 / 3))


def test_the_choice_is_by_an_overlap_of_one_half(evaluate, sample_of, steps):
    # The image fits the first by 0.4 and the second by 0.3, the square the third
    # altogether: two of three at an IoU of 0.3, none of them at 0.5.
    boxes = [(0, 0, 9, 3), (0, 0, 9, 2), INSIDE]
    samples = [sample_of(steps, [box]) for box in boxes]
    values = evaluate('ThresholdSearch', samples, box_rules=['cam'])
    assert values == pytest.approx(dict(cam_threshold=0.26, cam_gt_known_loc=100 / 3))


def test_curves_of_several_overlaps(curves, sample_of, steps):
    # Overlaps of (image, square, pixel): 100, 16 and 1 pixels with 28 are
    # (0.28, 16 / 28 = 0.57, 0.04), with 40 (0.4, 8 / 48 = 0.17, 0.03), with 16
    # (0.16, 1, 0.06); 25 thresholds give the image, 50 the square, 24 the pixel.
    boxes = [(2, 2, 5, 8), (0, 0, 9, 3), INSIDE]
    found = curves(*[sample_of(steps, [box]) for box in boxes], box_rules=['cam'])
    third = 100 / 3
    assert list(found) == ['cam']
    assert list(found['cam']) == [0.3, 0.5, 0.7]
    assert found['cam'][0.3] == pytest.approx(
        [third] * 25 + [2 * third] * 50 + [0] * 24
    )
    assert found['cam'][0.5] == pytest.approx([0] * 25 + [2 * third] * 50 + [0] * 24)
    assert found['cam'][0.7] == pytest.approx([0] * 25 + [third] * 50 + [0] * 24)


def test_curves_of_both_rules(curves, sample_of):
    # A block of 20 x 20 pixels of 1 in one of 100 x 100 of 0.5. The mean after the
    # first cut, (9600 * 0.5 + 400) / 50176 = 0.1, changes no box. `cam` keeps 0.5 at
    # the threshold 0.5 and gives 100 x 100 of 100 x 151 pixels, an overlap of 0.66;
    # the released rule does not, and gives 101 x 101, of which 100 x 101 are common:
    # 100 x 101 / (100 x 151 + 101) = 0.66.
    cam = np.zeros((224, 224))
    cam[20:120, 10:110] = 0.5
    cam[30:50, 20:40] = 1
    found = curves(sample_of(cam, [(10, 20, 109, 170)]))
    assert list(found) == ['cam', 'nlccam_released']
    for iou, accuracy in [(0.3, 100), (0.5, 100), (0.7, 0)]:
        assert found['cam'][iou] == [accuracy] * 50 + [0] * 49
        assert found['nlccam_released'][iou] == [accuracy] * 49 + [0] * 50


@pytest.fixture
def share():
    """A user's own box rule: as many columns as the threshold says, of all rows."""

    @box_rule('share', threshold=0.6)
    def share(cam, size, thresholds):
        width, height = size
        return [(0, 0, width * t - 1, height - 1) for t in thresholds]

    yield
    FUNCTIONS.module_dict.pop('share')


@pytest.mark.parametrize(
    ('iou', 'first', 'last'),
    [
        # Below 0.5 the overlap is t / 0.5 and above it 0.5 / t.
        (0.3, 0.15, 0.99),
        (0.5, 0.25, 0.99),
        (0.7, 0.35, 0.71),
        (1, 0.5, 0.5),
    ],
)
def test_own_rule(curves, sample_of, share, iou, first, last):
    sample = sample_of(np.eye(4), [(0, 0, 63, 9)], size=(128, 10))
    found = curves(sample, box_rules=['share'], ious=[0.5, iou])
    right = [t for t, value in zip(THRESHOLDS, found['share'][iou]) if value == 100]
    assert (right[0], right[-1]) == (first, last)
    assert len(right) == round(100 * (last - first)) + 1


def test_thresholds():
    assert THRESHOLDS == [i / 100 for i in range(1, 100)]


@pytest.mark.parametrize(
    ('boxes', 'expected'),
    [
        # The square is right by `cam`; a share of the image has at most 16 of 60 pixels
        # in common with it.
        ([INSIDE], [('cam', 0.26, 100), ('share', 0.01, 0)]),
        # A share of 0.3 is half of 6 x 10 pixels, and the image is not much more than
        # these: both have one of two right, and keep their order.
        ([INSIDE, (0, 0, 5, 9)], [('share', 0.3, 50), ('cam', 0.01, 50)]),
    ],
)
def test_rules_from_the_best_to_the_worst(sample_of, steps, share, boxes, expected):
    metric = ThresholdSearch('cam', box_rules=['share', 'cam'])
    metric.process({}, [sample_of(steps, [box]) for box in boxes])
    metric.evaluate(len(boxes))
    names = ('box_rule', 'threshold', 'gt_known_loc')
    assert metric.best_rules() == [dict(zip(names, values)) for values in expected]


def test_names_of_both_rules(evaluate, sample_of, steps):
    values = evaluate('ThresholdSearch', [sample_of(steps, [INSIDE])])
    assert set(values) == {
        'cam_threshold',
        'cam_gt_known_loc',
        'nlccam_released_threshold',
        'nlccam_released_gt_known_loc',
    }


@pytest.mark.parametrize(('iou', 'accuracy'), [(0.8, 100), (0.801, 0)])
def test_overlap_at_the_bound(curves, sample_of, steps, iou, accuracy):
    # The square has 16 pixels, the true box one more row: an overlap of 16 / 20.
    sample = sample_of(steps, [(2, 2, 5, 6)])
    found = curves(sample, box_rules=['cam'], ious=[0.5, iou])
    assert max(found['cam'][iou]) == accuracy


def test_any_of_several_boxes(evaluate, sample_of, steps):
    samples = [sample_of(steps, [(8, 8, 9, 9), INSIDE])]
    values = evaluate('ThresholdSearch', samples, box_rules=['cam'])
    assert values['cam_gt_known_loc'] == 100


def test_image_that_is_not_square(evaluate, sample_of, steps):
    # Each pixel of the map becomes 3 x 2: the true box is that of the square.
    cam = np.kron(steps, np.ones((2, 3)))
    samples = [sample_of(cam, [(6, 4, 17, 11)], size=(30, 20))]
    values = evaluate('ThresholdSearch', samples, box_rules=['cam'], ious=[0.5, 1])
    assert values == pytest.approx(dict(cam_threshold=0.26, cam_gt_known_loc=100))


@pytest.mark.parametrize(('box', 'accuracy'), [((0, 0, 9, 9), 100), (INSIDE, 0)])
def test_degenerate_map_gives_the_whole_image(curves, sample_of, log, box, accuracy):
    found = curves(sample_of(np.full((10, 10), np.nan), [box]))
    for rule in ('cam', 'nlccam_released'):
        assert found[rule][0.5] == [accuracy] * 99
    assert log.messages == ['cam: 1 of 1 maps are constant or not finite']


@pytest.mark.parametrize('iou', [0, 7])
def test_an_overlap_out_of_range_is_refused(iou):
    with pytest.raises(ValueError, match=f'iou must lie above 0 .* got {iou}'):
        ThresholdSearch('cam', ious=[0.5, iou])


def test_an_overlap_of_one_half_is_needed():
    message = r'ious must have 0.5, by which is chosen, got \[0.3, 0.7\]'
    with pytest.raises(ValueError, match=message):
        ThresholdSearch('cam', ious=[0.3, 0.7])


def test_unknown_rule():
    with pytest.raises(ValueError, match='there is no box rule "cams"'):
        METRICS.build(
            dict(type='mmccam.ThresholdSearch', cam='cam', box_rules=['cams'])
        )
