import cv2
import numpy as np
import pytest
import torch

from mmccam.cam import (
    activation_maps,
    combine_weights,
    move_to_front,
    polynomial,
    rank_classes,
    single_rank,
    top_bottom,
)
from mmccam.evaluation import build_box_rule


@pytest.mark.parametrize(
    ('scores', 'ranking'),
    [
        ([0.2, 0.5, 0.3], [1, 2, 0]),
        ([0.1, 0.9], [1, 0]),
        ([-3.0, -1.0, -2.0], [1, 2, 0]),
        # Equal scores: the lower index first.
        ([0.5, 0.5], [0, 1]),
        ([1.0, 2.0, 1.0, 2.0, 1.0], [1, 3, 0, 2, 4]),
    ],
)
def test_rank_classes(scores, ranking):
    other = range(len(scores))  # of an image with descending scores
    both = torch.tensor([scores, [-float(i) for i in other]])
    assert rank_classes(both).tolist() == [ranking, list(other)]


def test_rank_classes_keeps_the_order_of_many_ties():
    # Unstable sorts only show with more than a few elements.
    assert rank_classes(torch.zeros(1, 1000)).tolist() == [list(range(1000))]


@pytest.mark.parametrize(
    ('targets', 'rankings'),
    [
        ([1], [[1, 3, 0, 2]]),
        ([2], [[2, 3, 0, 1]]),
        ([3], [[3, 0, 1, 2]]),  # stands first already
        ([3, 0, 2], [[3, 0, 1, 2], [0, 3, 1, 2], [2, 3, 0, 1]]),
        ([1, 1], [[1, 3, 0, 2], [1, 3, 0, 2]]),
    ],
)
def test_move_to_front(targets, rankings):
    ranking = torch.tensor([[3, 0, 1, 2]])
    assert move_to_front(ranking, torch.tensor([targets])).tolist() == [rankings]


def test_move_to_front_takes_each_image_for_itself():
    ranking = torch.tensor([[0, 1, 2], [2, 1, 0]])
    moved = move_to_front(ranking, torch.tensor([[2], [1]]))
    assert moved.tolist() == [[[2, 0, 1]], [[1, 2, 0]]]


@pytest.mark.parametrize(
    ('num_classes', 'degree', 'p', 'expected'),
    [
        # K = 5: p = 3, so the bases are 1, 1/2, 0 and 1/2, 1.
        (5, 0, None, [1, 1, 1, -1, -1]),
        (5, 1, None, [1, 1 / 2, 0, -1 / 2, -1]),
        (5, 2, None, [1, 1 / 4, 0, -1 / 4, -1]),
        (5, 3, None, [1, 1 / 8, 0, -1 / 8, -1]),
        # K = 4: p = 2.5, so the bases are 1.5/1.5, 0.5/1.5 and the same mirrored.
        (4, 0, None, [1, 1, -1, -1]),
        (4, 2, None, [1, 1 / 9, -1 / 9, -1]),
        (4, 3, None, [1, 1 / 27, -1 / 27, -1]),
        # K = 2: p = 1.5, nothing between the ends.
        (2, 0, None, [1, -1]),
        (2, 2, None, [1, -1]),
        # p = 2 of K = 5: one step up, three steps down.
        (5, 1, 2, [1, 0, -1 / 3, -2 / 3, -1]),
        (5, 2, 2, [1, 0, -1 / 9, -4 / 9, -1]),
        # p = 2.5 of K = 5: 1.5/1.5, 0.5/1.5 and 0.5/2.5, 1.5/2.5, 2.5/2.5.
        (5, 1, 2.5, [1, 1 / 3, -1 / 5, -3 / 5, -1]),
        (5, 0, 4.5, [1, 1, 1, 1, -1]),
    ],
)
def test_polynomial(num_classes, degree, p, expected):
    coefficients = polynomial(num_classes, degree, p)
    assert coefficients.dtype == torch.float32
    torch.testing.assert_close(coefficients, torch.tensor(expected).float())


@pytest.mark.parametrize('degree', [1, 2, 3])
@pytest.mark.parametrize('num_classes', [3, 20, 200, 1000, 1001])
def test_polynomial_ends_and_middle(num_classes, degree):
    coefficients = polynomial(num_classes, degree)
    assert (coefficients[0], coefficients[-1]) == (1, -1)
    middle = [[num_classes // 2]] if num_classes % 2 else []
    assert coefficients.eq(0).nonzero().tolist() == middle


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ((5, -1), 'degree must be 0 or more, got -1'),
        ((5, float('nan')), 'degree must be 0 or more, got nan'),
        ((5, 1, 1), 'p must lie between 1 and the number of classes 5, got 1'),
        ((5, 1, 5), 'p must lie between 1 and the number of classes 5, got 5'),
        ((5, 1, 0.5), 'p must lie between 1 and the number of classes 5, got 0.5'),
        ((1, 1), 'needs at least 2 classes, got 1'),
    ],
)
def test_polynomial_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        polynomial(*arguments)


@pytest.mark.parametrize(
    ('num_classes', 'i', 'j', 'expected'),
    [
        (5, 1, 2, [1, 0, 0, -1, -1]),
        (5, 2, 1, [1, 1, 0, 0, -1]),
        (3, 1, 0, [1, 0, 0]),
        (3, 2, 1, [1, 1, -1]),  # i + j = K
        (3, 3, 0, [1, 1, 1]),
        (3, 0, 3, [-1, -1, -1]),
        (2, 1, 1, [1, -1]),
    ],
)
def test_top_bottom(num_classes, i, j, expected):
    coefficients = top_bottom(num_classes, i, j)
    assert coefficients.dtype == torch.float32
    assert coefficients.tolist() == expected


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ((5, 3, 3), 'at most the number of classes 5, got i=3, j=3'),
        ((3, 0, 4), 'at most the number of classes 3, got i=0, j=4'),
        ((5, -1, 2), 'must be 0 or more and not both 0, got i=-1, j=2'),
        ((5, 2, -1), 'must be 0 or more and not both 0, got i=2, j=-1'),
        ((5, 0, 0), 'must be 0 or more and not both 0, got i=0, j=0'),
        ((1, 1, 0), 'needs at least 2 classes, got 1'),
    ],
)
def test_top_bottom_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        top_bottom(*arguments)


@pytest.mark.parametrize(
    ('k', 'expected'),
    [
        (1, [1, 0, 0, 0]),
        (3, [0, 0, 1, 0]),
        (4, [0, 0, 0, 1]),
        (-1, [0, 0, 0, 1]),
        (-2, [0, 0, 1, 0]),
        (-4, [1, 0, 0, 0]),
    ],
)
def test_single_rank(k, expected):
    coefficients = single_rank(4, k)
    assert coefficients.dtype == torch.float32
    assert coefficients.tolist() == expected


@pytest.mark.parametrize('k', [0, 5, -5, 1.5])
def test_single_rank_errors(k):
    message = f'k must be a rank from 1 to the number of classes 4, .* got {k}'
    with pytest.raises(ValueError, match=message):
        single_rank(4, k)


WEIGHT = torch.tensor([[1.0, 2.0], [3.0, 5.0]])  # classes 0 and 1, two channels


@pytest.mark.parametrize(
    ('ranking', 'coefficients', 'expected'),
    [
        ([0, 1], [1, -1], [-2, -3]),  # (1, 2) - (3, 5)
        ([1, 0], [1, -1], [2, 3]),  # (3, 5) - (1, 2)
        ([1, 0], [1, 0], [3, 5]),
        ([1, 0], [2, 3], [9, 16]),  # 2 (3, 5) + 3 (1, 2)
    ],
)
def test_combine_weights(ranking, coefficients, expected):
    combined = combine_weights(
        WEIGHT, torch.tensor(ranking), torch.tensor(coefficients)
    )
    assert combined.tolist() == expected


def test_combine_weights_of_several_images_and_targets():
    ranking = torch.tensor([[[0, 1], [1, 0]], [[1, 0], [1, 0]]])  # (N, T, K)
    combined = combine_weights(WEIGHT, ranking, torch.tensor([1.0, -1.0]))
    assert combined.tolist() == [[[-2, -3], [2, 3]], [[2, 3], [2, 3]]]


def test_activation_maps():
    features = torch.tensor([[[[1.0, 0.0], [2.0, 3.0]], [[0.0, 1.0], [1.0, 1.0]]]])
    # Class 0: 1 f^0 + 2 f^1, class 1: 3 f^0 + 5 f^1.
    expected = [[[[1, 2], [4, 5]], [[3, 5], [11, 14]]]]
    assert activation_maps(features, WEIGHT[None]).tolist() == expected


def test_activation_maps_does_not_mix_images():
    features = torch.tensor([[[[1.0]], [[0.0]]], [[[0.0]], [[1.0]]]])
    # Image 0 has the first channel alone, image 1 the second.
    maps = activation_maps(features, WEIGHT.expand(2, 2, 2))
    assert maps.flatten(1).tolist() == [[1, 3], [2, 5]]


def test_combined_weights_give_the_combination_of_all_maps():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(1, 4, 3, 5, generator=generator, dtype=torch.float64)
    weight = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    ranking = torch.tensor([[4, 0, 5, 2, 1, 3]])
    coefficients = polynomial(6, degree=2)
    all_maps = activation_maps(features, weight[None])[0]  # (K, h, w)
    combination = torch.zeros(3, 5, dtype=torch.float64)
    for k in range(6):
        combination += coefficients[k] * all_maps[ranking[0, k]]
    combined = combine_weights(weight, ranking[:, None], coefficients)
    torch.testing.assert_close(
        activation_maps(features, combined)[0, 0], combination, rtol=1e-10, atol=1e-10
    )


# The functions of the reference values, whether the target is moved to rank 1, and by
# how much a map in 8 bits may differ: the quadratic coefficients of the released code
# are not quite those of the paper.
RELEASED = {
    't1b0': (top_bottom(200, 1, 0), True, 0),
    't1b1': (top_bottom(200, 1, 1), True, 0),
    'linear': (polynomial(200, degree=1), False, 0),
    'quadratic': (polynomial(200, degree=2), False, 2),
}


def released_cases(path, function, kind):
    """Yield our map and the released code's map or box of each case in a file."""
    coefficients, target_first, _ = RELEASED[function]
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
        combined = combine_weights(weight, ranking, coefficients)
        yield activation_maps(features, combined)[0, 0].numpy(), arrays[name]


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
    assert max(differences) <= RELEASED[function][2]
