"""Class activation maps and their combination: pure functions of tensors.

Yang et al., *Combinational Class Activation Maps for Weakly Supervised Object
Localization* (NL-CCAM), WACV 2020.

======== ================================================ =========================
equation what it is                                       function
======== ================================================ =========================
Eq. 1    the most probable class, the first of all ranks  :func:`rank_classes`
Eq. 2, 3 the map of a class                               :func:`activation_maps`
Eq. 4    the combination of the maps of all classes       :func:`ccam`
Eq. 5    g(k), a polynomial of the rank                   :func:`polynomial`
Eq. 6    g(k), top-i & bottom-j                           :func:`top_bottom`
Eq. 7-9  the non-local block                              ``layers/non_local.py``
======== ================================================ =========================

Symbols: K classes, N images, C channels, T target classes of an image, maps of h x w.
"""

from typing import Optional

import torch
from torch import Tensor


def rank_classes(scores: Tensor) -> Tensor:
    r"""Rank the classes of each image from the most to the least probable.

    .. math:: c_1 = \arg\max_c S_c

    is the most probable class (Eq. 1), with :math:`S_c` the score of class c. Of
    classes with equal scores the one with the lower index comes first.

    Args:
        scores: Class scores or logits, (N, K).

    Returns:
        Class indices, (N, K); column 0 holds the most probable class.
    """
    return scores.argsort(dim=-1, descending=True, stable=True)


def move_to_front(ranking: Tensor, targets: Tensor) -> Tensor:
    """Move a target class to rank 1 and keep the order of the rest.

    Args:
        ranking: Class indices from the most to the least probable, (N, K).
        targets: Target classes, (N, T), each one of the ranked classes.

    Returns:
        One ranking for each target, (N, T, K).
    """
    ranking = ranking.unsqueeze(1).expand(-1, targets.shape[1], -1)
    is_other = (ranking != targets.unsqueeze(-1)).to(torch.uint8)
    # A stable sort puts the single 0 first and keeps the order of the ones.
    return ranking.gather(-1, is_other.argsort(dim=-1, stable=True))


def activation_maps(features: Tensor, weights: Tensor) -> Tensor:
    r"""Sum the channels of the feature maps with the weights of a class (Eq. 2, 3).

    .. math:: M^c(x, y) = \sum_n w_{n,c} f^n(x, y)

    Args:
        features: Feature maps f, (N, C, h, w).
        weights: Weights of the classifier for each target, without the bias, (N, T, C).

    Returns:
        Maps, (N, T, h, w).
    """
    return torch.einsum('ntc,nchw->nthw', weights, features)


def min_max(maps: Tensor) -> Tensor:
    """Scale each map to 0 ... 1; a constant one becomes NaN.

    Args:
        maps: Maps, (N, T, h, w).

    Returns:
        (maps - minimum) / (maximum - minimum) of each map, (N, T, h, w).
    """
    maps = maps - maps.amin(dim=(2, 3), keepdim=True)
    return maps / maps.amax(dim=(2, 3), keepdim=True)


def ccam(
    features: Tensor, weight: Tensor, ranking: Tensor, coefficients: Tensor
) -> Tensor:
    r"""Combine the class activation maps of all classes by their rank (Eq. 4).

    .. math::
        M(x, y) = \sum_{k=1}^{K} g(k)\, M^{c_k}(x, y)
        = \sum_n \left(\sum_{k=1}^{K} g(k)\, w_{n, c_k}\right) f^n(x, y)

    with :math:`c_k` the class of rank k. The maps are linear in the weights: to combine
    the weights first costs one map instead of K.

    Args:
        features: Feature maps f, (N, C, h, w).
        weight: Weights w of the linear classifier, without its bias, (K, C).
        ranking: Classes :math:`c_1` ... :math:`c_K` for each target, (N, T, K).
        coefficients: g(1) ... g(K), (K,), or those of each target, (N, T, K).

    Returns:
        Maps, (N, T, h, w).
    """
    combined = class_weights(ranking, coefficients.to(weight)) @ weight
    return activation_maps(features, combined)


def class_weights(ranking: Tensor, coefficients: Tensor) -> Tensor:
    """Give each class the coefficient of its rank, with arguments as of :func:`ccam`.

    Returns:
        g of the rank of each class, in the order of the classes, (N, T, K).
    """
    coefficients = coefficients.expand(ranking.shape)
    return torch.zeros_like(coefficients).scatter(-1, ranking, coefficients)


def target_weights(
    ranking: Tensor, targets: Tensor, coefficients: Tensor, target_first: bool
) -> Tensor:
    """Give each class the coefficient of its rank, for each target class.

    Args:
        ranking: Class indices from the most to the least probable, (N, K).
        targets: Target classes, (N, T).
        coefficients: g(1) ... g(K), (K,).
        target_first: Whether the target is moved to rank 1.

    Returns:
        Weights in the order of the classes, (N, T, K), or (N, 1, K), which all targets
        share, where they are not moved.
    """
    if target_first:
        ranking = move_to_front(ranking, targets)
    else:
        ranking = ranking[:, None]
    return class_weights(ranking, coefficients)


def polynomial(num_classes: int, degree: int, p: Optional[float] = None) -> Tensor:
    r"""Coefficients of the polynomial combination function (Eq. 5).

    .. math::
        g(k) = \left(\frac{p - k}{p - 1}\right)^\eta \; (k \le p), \qquad
        g(k) = -\left(\frac{k - p}{K - p}\right)^\eta \; (k > p)

    So g(1) = 1 and g(K) = -1 for 1 < p < K. Degree 0 is a step from 1 to -1 at p. For
    p < 1 all k are above p, for p = K none is. At p = 1, g(1) would be 0 / 0.

    Args:
        num_classes: Number of classes K, at least 2.
        degree: Degree η, at least 0.
        p: Rank at which the sign changes, 0 <= p <= K but not 1. Defaults to
            (K + 1) / 2.

    Returns:
        g(1) ... g(K), (K,), float32.
    """
    _check_num_classes(num_classes)
    p = (num_classes + 1) / 2 if p is None else p
    if not degree >= 0:  # true of NaN too
        raise ValueError(f'degree must be 0 or more, got {degree}')
    if p == 1 or not 0 <= p <= num_classes:
        limits = f'between 0 and the number of classes {num_classes} and not be 1'
        raise ValueError(f'p must lie {limits}, got {p}')
    k = torch.arange(1, num_classes + 1, dtype=torch.float64)
    rising = ((p - k).clamp(min=0) / (p - 1)) ** degree
    falling = ((k - p).clamp(min=0) / (num_classes - p)) ** degree
    return torch.where(k <= p, rising, -falling).float()


def top_bottom(num_classes: int, i: int, j: int) -> Tensor:
    """Coefficients of the top-i & bottom-j combination function (Eq. 6).

    g(k) = 1 for k <= i, -1 for k > K - j, else 0.

    Args:
        num_classes: Number of classes K, at least 2.
        i: How many of the most probable classes are added.
        j: How many of the least probable classes are subtracted, 0 < i + j <= K.

    Returns:
        g(1) ... g(K), (K,), float32.
    """
    _check_num_classes(num_classes)
    if i < 0 or j < 0 or i + j == 0:
        raise ValueError(f'i and j must be 0 or more and not both 0, got i={i}, j={j}')
    if i + j > num_classes:
        raise ValueError(
            f'i + j must be at most the number of classes {num_classes}, '
            f'got i={i}, j={j}'
        )
    k = torch.arange(1, num_classes + 1)
    return (k <= i).float() - (k > num_classes - j).float()


def single_rank(num_classes: int, k: int) -> Tensor:
    """Coefficients that leave the map of one rank alone.

    Args:
        num_classes: Number of classes K, at least 2.
        k: Rank: 1 ... K from the most probable class, or -1 ... -K from the least.

    Returns:
        1 for that rank and 0 for the others, (K,), float32.
    """
    _check_num_classes(num_classes)
    if k == 0 or k not in range(-num_classes, num_classes + 1):
        raise ValueError(
            f'k must be a rank from 1 to the number of classes {num_classes}, or '
            f'negative to count from the least probable, got {k}'
        )
    coefficients = torch.zeros(num_classes)
    coefficients[k - 1 if k > 0 else k] = 1
    return coefficients


def _check_num_classes(num_classes: int) -> None:
    if num_classes < 2:
        raise ValueError(f'combining maps needs at least 2 classes, got {num_classes}')
