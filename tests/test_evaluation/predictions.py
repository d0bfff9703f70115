"""Predictions, and what metrics say of them."""

import numpy as np
import torch

from mmccam.registry import METRICS


def sample_of(cam, boxes=(), size=None, **more):
    """A prediction: a map and boxes in an image of the map's size or another."""
    cam = torch.as_tensor(cam, dtype=torch.float32)
    sample = dict(
        img_path='bird.jpg',
        ori_shape=tuple(cam.shape) if size is None else size[::-1],
        loc_boxes=np.array(boxes, np.float32).reshape(-1, 4),
        gt_label=torch.tensor([3]),
        cam_labels=torch.tensor([3]),
        cams=dict(cam=cam[None]),
    )
    return {**sample, **more}


def evaluate(metric, samples, batch=None, **kwargs):
    """Run a metric, by its name or built, and give its values without their prefix.

    All metrics also count degenerate maps, which test_metric.py tests.
    """
    if isinstance(metric, str):
        metric = METRICS.build(dict(type=f'mmccam.{metric}', cam='cam', **kwargs))
    batch = batch or len(samples)
    for start in range(0, len(samples), batch):
        metric.process({}, samples[start : start + batch])
    return {
        name.rpartition('/')[2]: value
        for name, value in metric.evaluate(len(samples)).items()
        if not name.endswith('_degenerate_maps')
    }
