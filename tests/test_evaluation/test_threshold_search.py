import numpy as np
import pytest
import torch
from mmpretrain.registry import METRICS

INSIDE = [2, 2, 5, 5]


def sample(cam, box=INSIDE):
    return dict(
        cams=dict(ccam=torch.tensor(cam, dtype=torch.float32)[None]),
        cam_labels=torch.tensor([1]),
        gt_label=torch.tensor([1]),
        loc_boxes=np.array([box]),
        ori_shape=(10, 10),
        img_path='a.jpg',
    )


def steps():
    """A pixel of 1 in a square of 0.75 in an image of 0.25, with one pixel of 0.

    Up to 0.25 the box is the image, up to 0.75 the square, above it one pixel.
    """
    cam = np.full((10, 10), 0.25)
    cam[2:6, 2:6] = 0.75
    cam[3, 3] = 1
    cam[9, 9] = 0
    return cam


@pytest.mark.parametrize(
    ('box', 'threshold'),
    [([0, 0, 9, 9], 0.01), (INSIDE, 0.26), ([3, 3, 3, 3], 0.76)],
)
def test_the_lowest_of_the_best_thresholds_is_found(box, threshold):
    metric = METRICS.build(dict(type='mmccam.ThresholdSearch', cam='ccam'))

    metric.process({}, [sample(steps(), box)])

    expected = {'ccam/threshold': threshold, 'ccam/gt_known_loc': 100}
    assert metric.evaluate(1) == pytest.approx(expected)


def test_the_most_images_win():
    metric = METRICS.build(dict(type='mmccam.ThresholdSearch', cam='ccam'))

    boxes = [INSIDE, [3, 3, 3, 3], INSIDE]
    metric.process({}, [sample(steps(), box) for box in boxes])

    expected = {'ccam/threshold': 0.26, 'ccam/gt_known_loc': 200 / 3}
    assert metric.evaluate(3) == pytest.approx(expected)


@pytest.mark.parametrize('iou', [0, 7])
def test_an_overlap_out_of_range_is_refused(iou):
    with pytest.raises(ValueError, match=f'iou must lie above 0 .* got {iou}'):
        METRICS.build(dict(type='mmccam.ThresholdSearch', cam='ccam', iou=iou))


@pytest.mark.parametrize(('iou', 'accuracy'), [(0.8, 100), (0.9, 0)])
def test_the_overlap_is_that_asked_for(iou, accuracy):
    metric = METRICS.build(
        dict(type='mmccam.ThresholdSearch', cam='ccam', iou=iou, prefix='strict')
    )

    # The square has 16 pixels, the true box one more row: an overlap of 16 / 20.
    metric.process({}, [sample(steps(), [2, 2, 5, 6])])

    assert metric.evaluate(1)['strict/gt_known_loc'] == accuracy
