"""The authors' released network, from the images to the accuracies."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import CheckpointLoader
from mmpretrain.registry import DATASETS, MODELS

from mmccam.boxes import box_iou
from mmccam.cam import (
    ccam,
    move_to_front,
    rank_classes,
    top_bottom,
)
from mmccam.evaluation import CCAMLocalizationMetric, build_box_rule
from mmccam.models.vgg_weights import convert

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / 'shared'
CAMS = {'t1b0': 'cam', 't1b1': 'top1_bottom1'}  # top-1 & bottom-j
BOTTOM = {'t1b0': 0, 't1b1': 1}
TARGETS = ['top1', 'top2', 'top3', 'top4', 'top5', 'gt']


def read_config():
    """The preset for the images and the size of the reference values."""
    cfg = Config.fromfile(ROOT / 'configs/nlccam/nlccam_vgg16_cub_released.py')
    cfg.model.head.num_classes = 20
    cfg.model.data_preprocessor = dict(cfg.data_preprocessor, num_classes=20)
    # The reference values rank the classes on the whole image.
    load, _, resize, pack = cfg.test_pipeline
    pipeline = [load, dict(resize, scale=(112, 112)), pack]
    cfg.dataset = dict(
        type='mmccam.WSOLDataset',
        data_root=str(SHARED / 'data/tiny20'),
        split='test',
        test_mode=True,
        pipeline=pipeline,
    )
    return cfg


@pytest.fixture(scope='module')
def released():
    """Reference values, network, features and predictions of the 63 images."""
    if not SHARED.is_dir():
        pytest.skip('there is no directory ../shared beside the clone')
    with np.load(SHARED / 'golden/released_cub.npz') as file:
        golden = dict(file)
    cfg = read_config()
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(cfg.model).eval()
        dataset = DATASETS.build(cfg.dataset)
    path = SHARED / 'golden/released_nlccam_tiny20_fp16.pth'
    weights = CheckpointLoader.load_checkpoint(str(path), map_location='cpu')
    model.load_state_dict(convert(weights, 'mmccam'))
    root = SHARED / 'data/tiny20/images'
    index = {dataset.get_data_info(i)['img_path']: i for i in range(len(dataset))}
    batch = [dataset[index[str(root / name)]] for name in golden['ids'].tolist()]
    data = model.data_preprocessor(pseudo_collate(batch))
    # In double precision, since the sums of float32 differ by up to 1e-3 between the
    # instructions of processors. For these, one image in the usual layout is fastest.
    model.backbone.double()
    model.backbone.channels_last = False
    with torch.no_grad():
        parts = data['inputs'].double().split(1)
        features = torch.cat([model.extract_feat(part)[0] for part in parts])
        samples = model.head.predict((features.float(),), data['data_samples'])
    return golden, model.head, features, samples


def stacked(golden, key):
    return torch.from_numpy(np.stack([golden[f'{i}.{key}'] for i in range(63)]))


def test_features_and_logits(released):
    golden, head, features, _ = released
    # The reference is in float16, with 11 binary digits: rounded by 2^-11 of a value at
    # most. Measured: 2.0e-5 beyond that, of values up to 221.
    expected = stacked(golden, 'features').double()
    torch.testing.assert_close(features, expected, rtol=2**-11, atol=3e-5)
    # Measured: 9e-6 at most, of logits up to 14.
    logits = head((features.float(),)).detach()
    expected = stacked(golden, 'logits')
    torch.testing.assert_close(logits, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize('target', TARGETS)
@pytest.mark.parametrize('name', BOTTOM)
def test_boxes(released, name, target):
    golden, head, features, samples = released
    features = features.float()
    ranking = rank_classes(head((features,)))
    if target in ('top1', 'gt'):
        index = ('top1', 'gt').index(target)
        classes = torch.stack([sample.cam_labels[index] for sample in samples])
        cams = torch.stack([sample.cams[CAMS[name]][index] for sample in samples])
    else:
        classes = ranking[:, int(target[-1]) - 1]
        moved = move_to_front(ranking, classes[:, None])
        coefficients = top_bottom(20, 1, BOTTOM[name])
        cams = ccam(features, head.fc.weight, moved, coefficients)[:, 0].detach()
    # We move the target to rank 1, so that another class is last where it was the last
    # itself. That is one true class of the 63. No two different classes give its
    # released box, but a class that is subtracted from itself may: that leaves rounding
    # errors, whose boxes begin at x = 0 to 60 by the order of summation, this at 55.
    both = (classes == ranking[:, -1]) & (name == 't1b1')
    assert both.sum() == (1 if (name, target) == ('t1b1', 'gt') else 0)
    sizes = [sample.ori_shape[::-1] for sample in samples]
    for kind, of_kind in [('box224', [(224, 224)] * 63), ('box', sizes)]:
        rule = build_box_rule('released_nlccam')
        boxes = [rule(cam, size) for cam, size in zip(cams.numpy(), of_kind)]
        expected = stacked(golden, f'{name}.{target}.{kind}')
        wrong = (torch.tensor(boxes) != expected).any(dim=1)
        assert wrong.nonzero().tolist() == both.nonzero().tolist()


@pytest.mark.parametrize('name', BOTTOM)
def test_accuracies(released, name):
    golden, *_, samples = released
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
    metric = CCAMLocalizationMetric(CAMS[name], 'released_nlccam', prefix='p')
    metric.process({}, [sample.to_dict() for sample in samples])
    values = metric.evaluate(len(samples))
    assert values.pop('p/threshold') == 0.12
    assert values.pop('p/CCAMLocalizationMetric_degenerate_maps') == 0
    names = ('p/top1_loc', 'p/top5_loc', 'p/gt_known_loc')
    assert values == pytest.approx(dict(zip(names, 100 * np.mean(hits, axis=0))))
