import cv2
import numpy as np
import pytest
import torch

from mmccam.cam import (
    activation_maps,
    ccam,
    move_to_front,
    polynomial,
    rank_classes,
    single_rank,
    top_bottom,
)
from mmccam.evaluation import build_box_rule
from mmccam.models import AboveMean, ReleasedQuadratic

released_quadratic = ReleasedQuadratic().coefficients
above_mean = AboveMean().coefficients


@pytest.mark.parametrize(
    ('scores', 'ranking'),
    [
        ([0.2, 0.5, 0.3], [1, 2, 0]),
        ([-3.0, -1.0, -2.0], [1, 2, 0]),
        # Equal scores: the lower index first. Unstable sorts only show with many.
        ([0.5] * 1000, list(range(1000))),
        ([1.0, 2.0, 1.0, 2.0, 1.0], [1, 3, 0, 2, 4]),
    ],
)
def test_rank_classes(scores, ranking):
    other = range(len(scores))  # of an image with descending scores
    both = torch.tensor([scores, [-float(i) for i in other]])
    assert rank_classes(both).tolist() == [ranking, list(other)]


def test_move_to_front():
    ranking = torch.tensor([[3, 0, 1, 2], [0, 1, 2, 3]])
    # The first image has a class that is the first already, the second one class twice.
    targets = torch.tensor([[3, 0, 2], [1, 1, 3]])
    assert move_to_front(ranking, targets).tolist() == [
        [[3, 0, 1, 2], [0, 3, 1, 2], [2, 3, 0, 1]],
        [[1, 0, 2, 3], [1, 0, 2, 3], [3, 0, 1, 2]],
    ]


@pytest.mark.parametrize(
    ('function', 'arguments', 'expected'),
    [
        (above_mean, (4,), [3 / 4, -1 / 4, -1 / 4, -1 / 4]),
        # K = 5: p = 3, so the bases are 1, 1/2, 0 and 1/2, 1.
        (polynomial, (5, 0), [1, 1, 1, -1, -1]),
        (polynomial, (5, 1), [1, 1 / 2, 0, -1 / 2, -1]),
        (polynomial, (5, 2), [1, 1 / 4, 0, -1 / 4, -1]),
        # K = 4: p = 2.5, so the bases are 1.5/1.5, 0.5/1.5 and the same mirrored.
        (polynomial, (4, 3), [1, 1 / 27, -1 / 27, -1]),
        # K = 2: p = 1.5, nothing between the ends.
        (polynomial, (2, 2), [1, -1]),
        # p = 2 of K = 5: one step up, three steps down.
        (polynomial, (5, 2, 2), [1, 0, -1 / 9, -4 / 9, -1]),
        # p = 2.5 of K = 5: 1.5/1.5, 0.5/1.5 and 0.5/2.5, 1.5/2.5, 2.5/2.5.
        (polynomial, (5, 1, 2.5), [1, 1 / 3, -1 / 5, -3 / 5, -1]),
        # p = 0 and 0.5 of K = 4: all ranks are behind p; p = K: none is.
        (polynomial, (4, 1, 0), [-1 / 4, -2 / 4, -3 / 4, -1]),
        (polynomial, (4, 1, 0.5), [-1 / 7, -3 / 7, -5 / 7, -1]),
        (polynomial, (4, 0, 0), [-1, -1, -1, -1]),
        (polynomial, (4, 2, 4), [1, 4 / 9, 1 / 9, 0]),
        (polynomial, (4, 0, 4), [1, 1, 1, 1]),
        (top_bottom, (5, 1, 2), [1, 0, 0, -1, -1]),
        (top_bottom, (5, 2, 1), [1, 1, 0, 0, -1]),
        (top_bottom, (3, 1, 0), [1, 0, 0]),
        (top_bottom, (3, 2, 1), [1, 1, -1]),  # i + j = K
        (top_bottom, (3, 0, 3), [-1, -1, -1]),
        # K = 7: three ranks fall from 1 to 0 in halves, four from 0 to -1 in thirds.
        (released_quadratic, (7,), [1, 1 / 4, 0, 0, -1 / 9, -4 / 9, -1]),
        (released_quadratic, (4,), [1, 0, 0, -1]),
        (single_rank, (4, 1), [1, 0, 0, 0]),
        (single_rank, (4, 4), [0, 0, 0, 1]),
        (single_rank, (4, -1), [0, 0, 0, 1]),
        (single_rank, (4, -4), [1, 0, 0, 0]),
    ],
)
def test_coefficients(function, arguments, expected):
    torch.testing.assert_close(function(*arguments), torch.tensor(expected).float())


@pytest.mark.parametrize(
    ('function', 'arguments', 'message'),
    [
        (polynomial, (5, float('nan')), 'degree must be 0 or more, got nan'),
        (polynomial, (5, 1, 1), 'between 0 .* classes 5 and not be 1, got 1'),
        (polynomial, (5, 1, -0.5), 'and not be 1, got -0.5'),
        (polynomial, (5, 1, 5.5), 'and not be 1, got 5.5'),
        (polynomial, (5, 1, float('nan')), 'and not be 1, got nan'),
        (polynomial, (1, 1), 'needs at least 2 classes, got 1'),
        (top_bottom, (5, 3, 3), 'at most the number of classes 5, got i=3, j=3'),
        (top_bottom, (5, -1, 2), 'must be 0 or more and not both 0, got i=-1, j=2'),
        (top_bottom, (5, 0, 0), 'must be 0 or more and not both 0, got i=0, j=0'),
        (top_bottom, (1, 1, 0), 'needs at least 2 classes, got 1'),
        (released_quadratic, (3,), 'two zeros need at least 4 classes, got 3'),
        (single_rank, (4, 0), 'a rank from 1 to the number of classes 4, .* got 0'),
        (single_rank, (4, -5), 'got -5'),
        (single_rank, (4, 1.5), 'got 1.5'),
    ],
)
def test_arguments_out_of_range(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


WEIGHT = torch.tensor([[1.0, 2.0], [3.0, 5.0]])  # classes 0 and 1, two channels


def test_ccam_of_several_images_and_targets():
    ranking = torch.tensor([[[0, 1], [1, 0]], [[1, 0], [1, 0]]])  # (N, T, K)
    # Two positions, of which each has one of the channels alone.
    features = torch.eye(2).expand(2, 2, 2).unsqueeze(2)
    maps = ccam(features, WEIGHT, ranking, torch.tensor([2.0, -1.0]))
    # 2 (1, 2) - (3, 5) and 2 (3, 5) - (1, 2)
    assert maps.tolist() == [[[[-1, -1]], [[5, 8]]], [[[5, 8]], [[5, 8]]]]


def test_activation_maps_of_two_images():
    # Positions of the channels f^0 and f^1; the second image has the former alone.
    features = torch.tensor([[[[1.0, 2, 3]], [[0, 1, 1]]], [[[4, 0, 1]], [[0, 0, 0]]]])
    # Class 0: 1 f^0 + 2 f^1, class 1: 3 f^0 + 5 f^1.
    expected = [[[[1, 4, 5]], [[3, 11, 14]]], [[[4, 0, 1]], [[12, 0, 3]]]]
    assert activation_maps(features, WEIGHT.expand(2, 2, 2)).tolist() == expected


# The functions of the reference values, and whether the target is moved to rank 1.
RELEASED = {
    't1b0': (top_bottom(200, 1, 0), True),
    't1b1': (top_bottom(200, 1, 1), True),
    'linear': (polynomial(200, degree=1), False),
    'quadratic': (released_quadratic(200), False),
}


def released_cases(path, function, kind):
    """Yield our map and the released code's map or box of each case in a file."""
    coefficients, target_first = RELEASED[function]
    with np.load(path) as file:
        arrays = dict(file)
    for name in arrays:
        case, *rest = name.split('.')
        if rest[0] != function or rest[-1] != kind:
            continue
        ranking = torch.from_numpy(arrays[f'{case}.order'])[None, None]
        if target_first:
            rank = int(rest[1].replace('target', ''))
            ranking = move_to_front(ranking[0], ranking[0, :, rank : rank + 1])
        weight = torch.from_numpy(arrays[f'{case}.weight'])
        features = torch.from_numpy(arrays[f'{case}.feat'])[None]
        cams = ccam(features, weight, ranking, coefficients)
        yield cams[0, 0].numpy(), arrays[name]


@pytest.mark.parametrize('function', RELEASED)
def test_released_boxes(golden, function):
    cases = list(released_cases(golden / 'ccam.npz', function, 'box_xyxy'))
    boxes = [build_box_rule('released_nlccam')(cam, (224, 224)) for cam, _ in cases]
    assert boxes == [tuple(box) for _, box in cases]
    assert len(boxes) >= 4


@pytest.mark.parametrize('function', RELEASED)
def test_released_maps(golden, function):
    # As README.md of the reference values says: minimum subtracted, divided by the
    # maximum, in 8 bits, resized.
    cases = list(released_cases(golden / 'ccam.npz', function, 'map_u8'))
    differences = []
    for cam, released in cases:
        cam = cam - cam.min()
        cam = cv2.resize((cam / cam.max() * 255).astype(np.uint8), (224, 224))
        differences.append(np.abs(cam.astype(int) - released).max())
    assert max(differences) == 0
