"""From the maps of a test set to its accuracies."""

from argparse import Namespace
from collections.abc import Callable
from typing import Optional

import cv2
import numpy as np
import torch
from mmengine.evaluator import Evaluator

from mmccam.boxes import box_iou
from mmccam.maps import SCORE_MAP_SIDE, score_map, score_thresholds
from mmccam.structures import ClassMaps

from . import read_config
from .device import seconds_of
from .measure import Form, Measurement, Part

SIZE = (500, 375)
IOUS = np.array([0.3, 0.5, 0.7])


def make_samples(count: int, seed: int) -> list[dict]:
    """Draw predictions with a map (14, 14) of three blobs on noise, and their truth."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:14, :14]
    samples = []
    for index in range(count):
        cam = 0.1 * rng.random((14, 14))
        for x, y, radius in rng.uniform([0, 0, 1], [14, 14, 4], (3, 3)):
            cam += np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2))
        cam = torch.from_numpy(cam.astype(np.float32))[None]
        scores = torch.from_numpy(rng.random(200, dtype=np.float32))
        corners = np.sort(rng.integers(0, SIZE, (2, 2)), axis=0)
        samples.append(
            dict(
                img_path=f'{index}.jpg',
                cams=dict(ccam=cam, cam=cam),
                cam_labels=torch.tensor([0]),
                gt_label=torch.tensor([0]),
                pred_score=scores,
                pred_label=scores.argmax(0, keepdim=True),
                loc_boxes=corners.reshape(1, 4),
                ori_shape=SIZE[::-1],
            )
        )
    return samples


def plain_localization(samples: list[dict], args: Namespace) -> list[float]:
    """Top-1, Top-5 and GT-known by the box rule ``largest_component``, in percent."""
    counts = np.zeros(3)
    for sample in samples:
        cam = ClassMaps.read(sample).of('ccam', 0)
        scores = cv2.resize(cam - cam.min(), SIZE)
        mask = (scores >= 0.2 * scores.max()).astype(np.uint8)
        count, labels = cv2.connectedComponents(mask, connectivity=8)
        areas = [(labels == label).sum() for label in range(1, count)]
        y, x = np.nonzero(labels == 1 + np.argmax(areas))
        box = [x.min(), y.min(), x.max(), y.max()]
        is_right = box_iou([box], sample['loc_boxes']).max() >= 0.5
        rank = sample['pred_score'].argsort(descending=True).tolist().index(0)
        counts += np.array([rank < 1, rank < 5, True]) & is_right
    return (100 * counts / len(samples)).tolist()


def plain_max_box_acc(samples: list[dict], args: Namespace) -> list[float]:
    """MaxBoxAcc and V2 at each IoU, in percent, in a loop over all thresholds."""
    thresholds = score_thresholds(args.step)
    correct = np.zeros((2, len(IOUS), len(thresholds)), int)
    for sample in samples:
        truth = (sample['loc_boxes'] * SCORE_MAP_SIDE / [*SIZE, *SIZE]).astype(int)
        image = (score_map(ClassMaps.read(sample).of('ccam', 0)) * 255).astype(np.uint8)
        for index, threshold in enumerate(thresholds):
            level = int(threshold * image.max())
            _, mask = cv2.threshold(image, level, 255, cv2.THRESH_BINARY)
            contours, _ = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
            largest = [max(contours, key=cv2.contourArea)] if contours else []
            for kind, chosen in enumerate((largest, contours)):
                boxes = [
                    (x, y, min(x + w, 223), min(y + h, 223))
                    for x, y, w, h in map(cv2.boundingRect, chosen)
                ]
                boxes = boxes or [(0, 0, 0, 0)]
                correct[kind, :, index] += box_iou(boxes, truth).max() >= IOUS
    return (100 * correct.max(axis=2) / len(samples)).ravel().tolist()


def plain(*functions: Callable) -> Callable:
    """Prepare to compute accuracies by functions, one after the other."""
    return lambda args: lambda samples: [x for f in functions for x in f(samples, args)]


def toolbox(metrics: Optional[list[dict]], names: list[str]) -> Callable:
    """Prepare to evaluate metrics as a test does; None is all of nlccam_cub.py."""

    def prepare(args: Namespace) -> Callable:
        options = {'mmccam.MaxBoxAcc': dict(step=args.step)}
        chosen = read_config().test_evaluator if metrics is None else metrics
        evaluator = Evaluator([dict(m, **options.get(m['type'], {})) for m in chosen])

        def evaluate(samples: list[dict]) -> list[float]:
            for start in range(0, len(samples), 32):
                evaluator.process(samples[start : start + 32])
            results = evaluator.evaluate(len(samples))
            return [results[f'ccam/{name}'] for name in names]

        return evaluate

    return prepare


def run_evaluation(prepare: Callable, precision: str, args: Namespace) -> Measurement:
    """Compute the accuracies of drawn predictions."""
    samples, compute, values = make_samples(args.images, args.seed), prepare(args), []
    seconds = seconds_of(lambda: values.extend(compute(samples)))
    return Measurement(args.images, seconds, np.array(values))


NAMES = ['top1_loc', 'top5_loc', 'gt_known_loc']
BOX_ACC = [f'max_box_acc{v}_{iou}' for v in ('', '_v2') for iou in (30, 50, 70)]
ALL_NAMES = NAMES + BOX_ACC
ACCURACY = [dict(type='mmccam.CCAMLocalizationMetric', map_name='ccam')]
ALL_METRICS = [*ACCURACY, dict(type='mmccam.MaxBoxAcc', map_name='ccam')]
LOCALIZATION = Part(
    'From the map to Top-1, Top-5 and GT-known, 14 x 14 to 500 x 375',
    run_evaluation,
    {
        'plain': Form(plain(plain_localization)),
        'mmccam': Form(toolbox(ACCURACY, NAMES)),
    },
)
EVALUATION = Part(
    'The same and MaxBoxAcc, V1 and V2',
    run_evaluation,
    {
        'plain': Form(plain(plain_localization, plain_max_box_acc)),
        'mmccam': Form(toolbox(ALL_METRICS, ALL_NAMES)),
        'all of nlccam_cub.py, two maps': Form(toolbox(None, ALL_NAMES)),
    },
)
