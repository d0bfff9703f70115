"""A whole network of the authors' released code, from the images to the accuracies."""

import re
from functools import cache

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample
from PIL import Image

from mmccam.boxes import box_iou, nlccam_released_boxes
from mmccam.cam import (
    activation_maps,
    combine_weights,
    move_to_front,
    rank_classes,
    top_bottom,
)
from mmccam.evaluation import CCAMLocalizationMetric
from mmccam.models import GAPClsHead, NonLocalVGG

BOTTOM = {'t1b0': 0, 't1b1': 1}  # top-1 & bottom-j
TARGETS = ['top1', 'top2', 'top3', 'top4', 'top5', 'gt']


def load_released(path, backbone, head):
    """Load released weights, whose convolutions and blocks stand in our order."""
    weights = torch.load(path)
    # Names such as conv.0.weight, and of the blocks conv.10.query_conv.weight.
    layers = [name for name in weights if re.fullmatch(r'conv\.\d+\.\w+', name)]
    blocks = [name for name in weights if re.fullmatch(r'conv\.\d+\.\w+\.\w+', name)]
    ours = list(backbone.state_dict())
    assert len(ours) == len(layers + blocks)
    backbone.load_state_dict(dict(zip(ours, map(weights.get, layers + blocks))))
    names = {f'fc.{name}': f'classifier.0.{name}' for name in ('weight', 'bias')}
    head.load_state_dict({name: weights[other] for name, other in names.items()})


def read_column(path, kind):
    """Read a file of the metadata as the numbers of each image."""
    rows = (line.split(',') for line in path.read_text().splitlines())
    return {name: [kind(number) for number in numbers] for name, *numbers in rows}


def read_image(path):
    with Image.open(path) as image:
        image = image.convert('RGB').resize((112, 112), Image.Resampling.BILINEAR)
    image = (np.asarray(image) / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    return torch.from_numpy(image).float().permute(2, 0, 1)


@cache
def run(shared):
    """Reference values, features, head and predictions of the 63 images."""
    with np.load(shared / 'golden/released_cub.npz') as file:
        golden = dict(file)
    # The released code computes in this layout; the other one rounds differently.
    backbone = NonLocalVGG(
        act_cfg=dict(type='LeakyReLU', negative_slope=0.2), channels_last=False
    ).eval()
    cams = {name: dict(type='mmccam.TopBottom', i=1, j=j) for name, j in BOTTOM.items()}
    head = GAPClsHead(num_classes=20, in_channels=512, cams=cams).eval()
    load_released(shared / 'golden/released_nlccam_tiny20_fp16.pth', backbone, head)
    data = shared / 'data/tiny20'
    labels = read_column(data / 'metadata/test/class_labels.txt', int)
    boxes = read_column(data / 'metadata/test/localization.txt', float)
    sizes = read_column(data / 'metadata/test/image_sizes.txt', int)
    samples = [
        DataSample(
            metainfo=dict(
                img_path=name,
                ori_shape=tuple(sizes[name][::-1]),
                loc_boxes=np.array([boxes[name]]),
            )
        ).set_gt_label(labels[name])
        for name in golden['ids'].tolist()
    ]
    images = [read_image(data / 'images' / sample.img_path) for sample in samples]
    with torch.no_grad():
        features = backbone(torch.stack(images))
        head.predict(features, samples)
    return golden, features[0], head, samples


@pytest.fixture
def released(shared):
    return run(shared)


def stacked(golden, key):
    return torch.from_numpy(np.stack([golden[f'{i}.{key}'] for i in range(63)]))


def test_logits_and_features(released):
    golden, features, head, _ = released
    logits = head((features,)).detach()
    # Measured: 6e-6 at most, of logits up to 14.
    expected = stacked(golden, 'logits')
    torch.testing.assert_close(logits, expected, rtol=1e-3, atol=1e-5)
    # The reference is in float16, with 11 binary digits: rounded by 2^-11 of a value at
    # most. Measured: 1.6e-5 beyond that, of values up to 221.
    expected = stacked(golden, 'features').float()
    torch.testing.assert_close(features, expected, rtol=2**-11, atol=3e-5)


@pytest.mark.parametrize('target', TARGETS)
@pytest.mark.parametrize('name', BOTTOM)
def test_boxes(released, name, target):
    golden, features, head, samples = released
    ranking = rank_classes(head((features,)))
    if target in ('top1', 'gt'):
        index = ('top1', 'gt').index(target)
        classes = torch.stack([sample.cam_labels[index] for sample in samples])
        cams = torch.stack([sample.cams[name][index] for sample in samples])
    else:
        classes = ranking[:, int(target[-1]) - 1]
        moved = move_to_front(ranking, classes[:, None])
        coefficients = top_bottom(20, 1, BOTTOM[name])
        weights = combine_weights(head.fc.weight, moved, coefficients)
        cams = activation_maps(features, weights)[:, 0].detach()
    # We move the target to rank 1, so that another class is last where it was the last
    # itself. That is one true class of the 63, and the released box of it is another:
    # no difference of two classes' maps gives it, nor one class's map.
    both = (classes == ranking[:, -1]) & (name == 't1b1')
    assert both.sum() == (1 if (name, target) == ('t1b1', 'gt') else 0)
    sizes = [sample.ori_shape[::-1] for sample in samples]
    for kind, of_kind in [('box224', [(224, 224)] * 63), ('box', sizes)]:
        boxes = [
            nlccam_released_boxes(cam, size)[0]
            for cam, size in zip(cams.numpy(), of_kind)
        ]
        expected = stacked(golden, f'{name}.{target}.{kind}')
        wrong = (torch.tensor(boxes) != expected).any(dim=1)
        assert wrong.nonzero().tolist() == both.nonzero().tolist()


@pytest.mark.parametrize('name', BOTTOM)
def test_accuracies(released, name):
    golden, _, _, samples = released
    ranking = rank_classes(stacked(golden, 'logits')).tolist()
    hits = []
    for i, sample in enumerate(samples):
        right = {
            target: box_iou([box], sample.loc_boxes) >= 0.5
            for target in TARGETS
            for box in [golden[f'{i}.{name}.{target}.box']]
        }
        known = [label == sample.gt_label.item() for label in ranking[i]]
        guesses = [known[k] and right[f'top{k + 1}'].any() for k in range(5)]
        hits.append((guesses[0], any(guesses), right['gt'].any()))
    metric = CCAMLocalizationMetric(name, 'nlccam_released', prefix='p')
    metric.process({}, [sample.to_dict() for sample in samples])
    values = metric.evaluate(len(samples))
    assert values.pop('p/threshold') == 0.12
    assert values.pop('p/CCAMLocalizationMetric_degenerate_maps') == 0
    names = ('p/top1_loc', 'p/top5_loc', 'p/gt_known_loc')
    assert values == pytest.approx(dict(zip(names, 100 * np.mean(hits, axis=0))))
