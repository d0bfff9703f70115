"""Networks of the reference values in ``tests/data/methods`` and how to compare them.

.. code-block:: python

    golden = load('vgg16_cam', 'small')
    cfg, rules = cam_network('vgg16', 'small', golden['names'])
    model = build(cfg, golden['names'], rules)
    feats = model.extract_feat(inputs())  # in evaluation mode
    assert_equal(model.head(feats), golden['eval.logits'])
    assert_equal(class_maps(model, feats), golden['eval.class_maps'])
    losses = train(model)
    assert_equal(sum(losses.values()), golden['train.loss'])
    check_training(model, golden, 'train', rules)

``rules`` are pairs of a regular expression and its replacement. They turn a name of the
reference into ours. All is float64.
"""

import itertools
import re
import zlib
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

TESTS = Path(__file__).resolve().parents[1]
FOLDERS = (TESTS / 'data/methods', TESTS.parents[1] / 'shared/golden/methods')
NUM_CLASSES = 7
LABELS = (3, 5)
TOLERANCE = 1e-10
# Places of the thirteen convolutions among the features of mmpretrain's VGG-16.
PLACES = (0, 1, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16)


# What the reference values were made from


def stream(name):
    """Numbers of their own for each name."""
    return np.random.RandomState(zlib.crc32(name.encode()))


def inputs():
    """Two normalized images, not square."""
    images = stream('input').standard_normal((2, 3, 64, 80))
    return torch.from_numpy(images.astype(np.float32)).double()


def value(name, shape):
    """A parameter or buffer by its name in the reference."""
    numbers, leaf = stream(name), name.rpartition('.')[2]
    if leaf == 'num_batches_tracked':
        return np.zeros(shape)
    if leaf == 'running_var' or (leaf == 'weight' and len(shape) == 1):
        # A fifth in the last norm of a block, so that the sums of a ResNet stay small.
        scale = 0.2 if name.endswith('bn3.weight') else 1
        return scale * (0.5 + numbers.random_sample(shape))
    normal = numbers.standard_normal(shape)
    if leaf in ('running_mean', 'bias'):
        return 0.1 * normal
    fan_in = tuple(range(1, len(shape)))
    normal -= normal.mean(axis=fan_in, keepdims=True)
    gain = 6 if shape[0] == 1 else 1
    return gain * normal * np.sqrt(2 / np.prod(shape[1:]))


@contextmanager
def known_dropout():
    """Let the dropouts of a forward pass have the masks of the reference, by call."""
    calls = itertools.count()

    def dropout(x, p=0.5, training=True, inplace=False):
        if not training:
            return x
        drawn = stream(f'dropout{next(calls)}').random_sample(tuple(x.shape))
        return x * torch.from_numpy((drawn >= p) / (1 - p))

    with patch('torch.nn.functional.dropout', dropout):
        yield


# Networks


def load(name, size):
    """Load ``<name>.npz`` for the map size ``small`` or ``large``, without prefix.

    The test is skipped if neither ``tests/data`` nor ``../shared`` has the values.
    """
    for folder in FOLDERS:
        path = folder / f'{name}.npz'
        if not path.exists():
            continue
        with np.load(path) as arrays:
            names = [key for key in arrays if key.startswith(f'{size}.')]
            if names:
                return {key[len(size) + 1 :]: arrays[key] for key in names}
    pytest.skip(f'{size} of {name} is in ../shared only')


def vgg_rules(names):
    """Rules for the convolutions of VGG-16, which come first in each reference."""
    layers = [name.removesuffix('weight') for name in names[: 2 * len(PLACES) : 2]]
    return tuple(
        (re.escape(layer), f'backbone.features.{place}.conv.')
        for layer, place in zip(layers, PLACES)
    )


def cam_network(architecture, size, names, **backbone):
    """Config and rules of a network for CAM, whose names are those of ADL's too."""
    is_small, neck = size == 'small', None
    rules = (('fc', 'head.fc'),)
    if architecture == 'vgg16':
        pools = ((2, 2),) * 3 + ((2, 2) if is_small else None, None)
        vgg = dict(type='mmccam.NonLocalVGG', non_local_stages=(), extra_conv=1024)
        backbone = dict(**vgg, pools=pools, **backbone)
        rules = (*rules, ('conv6', 'backbone.extra_conv.conv'), *vgg_rules(names))
    elif architecture == 'resnet50':
        strides = (1, 2, 2 if is_small else 1, 1)
        backbone = dict(type='mmccam.ResNet', depth=50, strides=strides, **backbone)
    else:
        stride = 16 if is_small else 8
        backbone = dict(type='mmccam.InceptionV3', stride=stride, **backbone)
        convs = dict(in_channels=768, channels=(1024, 1024), dropout=0.5)
        neck = dict(type='mmccam.ConvNeck', **convs)
        rules = ((r'SPG_A3_(\d)b\.0', r'neck.conv\1.conv'), ('SPG_A4', 'head.fc'))
    channels = 2048 if architecture == 'resnet50' else 1024
    head = dict(type='mmccam.GAPClsHead', num_classes=NUM_CLASSES, in_channels=channels)
    cfg = dict(type='ImageClassifier', backbone=backbone, neck=neck, head=head)
    return cfg, rules


def ours(name, rules):
    """Our name of a parameter or buffer of the reference."""
    for pattern, replacement in rules:
        name, count = re.subn(f'^{pattern}', replacement, name)
        if count:
            return name
    return f'backbone.{name}'


def build(cfg, names, rules):
    """Build a network in evaluation mode with the weights of the reference.

    Each of ours must be one of the reference, and the other way round. A name that no
    rule matches at its start is that of the backbone.
    """
    model = MODELS.build(cfg).double().eval()
    state, theirs = model.state_dict(), {ours(name, rules): name for name in names}
    assert state.keys() == theirs.keys()
    # A layer on maps has the numbers of a layer on vectors in the same order.
    values = {k: value(theirs[k], tuple(v.shape)) for k, v in state.items()}
    model.load_state_dict({k: torch.as_tensor(v) for k, v in values.items()})
    return model


def class_maps(model, feats):
    """The map of each class, made as the map that is asked for, (N, K, h, w)."""
    classes = torch.arange(NUM_CLASSES)
    weights = torch.eye(NUM_CLASSES).double().expand(len(feats[-1]), -1, -1)
    return model.head.class_maps(feats, weights, classes.expand(len(weights), -1))


def samples():
    return [DataSample().set_gt_label(label) for label in LABELS]


def train(model):
    """Compute losses and gradients of one training step and return its losses."""
    model.zero_grad()
    with known_dropout():
        losses = model.train().loss(inputs(), samples())
    sum(losses.values()).backward()
    return losses


# Comparisons


def assert_equal(actual, expected):
    """Compare to 1e-10 of the largest expected value."""
    actual = torch.as_tensor(actual).detach()
    expected = torch.from_numpy(np.asarray(expected)).to(actual)
    atol = TOLERANCE * float(expected.abs().max())
    torch.testing.assert_close(actual, expected, rtol=0, atol=atol)


def check_training(model, golden, run, rules):
    """Compare gradients and running statistics after one pass, ``run`` in the file."""
    found = dict(model.named_parameters())
    names = [ours(name, rules) for name in golden[f'{run}.grad.names']]
    assert sorted(names) == sorted(found)
    for name, expected in zip(names, golden[f'{run}.grad.sum_l2_first']):
        gradient = found[name].grad
        numbers = [gradient.sum(), gradient.norm(), gradient.flatten()[0]]
        assert_equal(torch.stack(numbers), expected)
    found = dict(model.named_buffers())
    for name, expected in zip(
        golden.get(f'{run}.stat.names', ()), golden.get(f'{run}.stat.sum_l2', ())
    ):
        statistic = found[ours(name, rules)]
        assert_equal(torch.stack([statistic.sum(), statistic.norm()]), expected)
