"""MaxBoxAcc, MaxBoxAccV2 and PxAP against the code of Choe et al. (CVPR 2020)."""

import cv2
import numpy as np
import pytest
from predictions import evaluate, sample_of

from mmccam.evaluation import MaxBoxAcc

IOUS = (30, 50, 70)
STEPS = pytest.mark.parametrize('step', ['0.01', '0.001'])

# The files there are complete: those of ../shared would be the same test again.
pytestmark = pytest.mark.parametrize('golden', ['tests/data'], indirect=True)


@STEPS
def test_max_box_acc(golden, step):
    with np.load(golden / 'max_box_acc.npz') as file:
        expected = dict(file)
    samples = [
        sample_of(cam, expected['gt_xyxy'][expected['gt_image'] == i], tuple(size))
        for i, (cam, size) in enumerate(zip(expected['low'], expected['sizes']))
    ]
    metric = MaxBoxAcc('cam', step=float(step))
    values = evaluate(metric, samples)
    for kind, name in enumerate(['max_box_acc', 'max_box_acc_v2']):
        released = f'multi{kind}.step{step}'
        for counts, iou in zip(metric.correct[kind], IOUS):
            correct = expected[f'{released}.num_correct_{iou}']
            np.testing.assert_array_equal(counts, correct)
        best = expected[f'{released}.max_box_acc_30_50_70']
        assert [values[f'{name}_{iou}'] for iou in IOUS] == pytest.approx(best)
    assert values['max_box_acc_v2'] == pytest.approx(best.mean())


@STEPS
def test_px_ap(golden, tmp_path, step):
    with np.load(golden / 'px_ap.npz') as file:
        expected = dict(file)
    samples = []
    for i, cam in enumerate(expected['low']):
        paths = []
        for name in ('m0', 'm1', 'ignore'):
            height, width = expected[f'{i}.{name}.shape']
            bits = np.unpackbits(expected[f'{i}.{name}'], count=height * width)
            paths.append(str(tmp_path / f'{i}.{name}.png'))
            cv2.imwrite(paths[-1], 255 * bits.reshape(height, width))
        *masks, ignore = paths
        sample = sample_of(cam, size=(width, height), loc_masks=masks)
        samples.append(dict(sample, loc_ignore=ignore))
    values = evaluate('PxAP', samples, step=float(step))
    released = expected[f'step{step}.px_ap'].item()
    assert values == pytest.approx(dict(px_ap=released), rel=0, abs=1e-9)
