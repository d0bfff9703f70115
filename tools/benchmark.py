"""Time the evaluation against a plain form of the same computation, in one process."""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date
from itertools import product
from typing import Any

import cv2
import mmengine
import numpy as np
import torch
from tabulate import tabulate

from mmccam.boxes import box_iou
from mmccam.evaluation import MaxBoxAcc
from mmccam.evaluation.score_map import SIDE, score_map, score_thresholds

IOUS = np.array([0.3, 0.5, 0.7])


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--images', type=int, default=20, help='number of maps')
    parser.add_argument('--repeats', type=int, default=5, help='timed runs of each')
    parser.add_argument('--step', type=float, default=0.001, help='of the thresholds')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--json', help='file to write the numbers to')
    return parser.parse_args()


def make_samples(count: int, seed: int) -> list[dict]:
    """Draw maps (14, 14) of three blobs on noise, each with two ground-truth boxes."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:14, :14]
    label = torch.tensor([0])
    samples = []
    for _ in range(count):
        cam = 0.1 * rng.random((14, 14))
        for x, y, radius in rng.uniform([0, 0, 1], [14, 14, 4], (3, 3)):
            cam += np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2))
        corners = np.sort(rng.integers(0, SIDE, (2, 2, 2)), axis=1)
        samples.append(
            dict(
                cams=dict(cam=torch.from_numpy(cam.astype(np.float32))[None]),
                cam_labels=label,
                gt_label=label,
                loc_boxes=corners.reshape(2, 4),
                ori_shape=(SIDE, SIDE),
            )
        )
    return samples


def plain_max_box_acc(samples: list[dict], step: float) -> np.ndarray:
    """Count right boxes in a loop over all thresholds, (kinds, ious, thresholds)."""
    thresholds = score_thresholds(step)
    correct = np.zeros((2, len(IOUS), len(thresholds)), int)
    for sample in samples:
        truth = sample['loc_boxes']
        scores = score_map(sample['cams']['cam'][0].numpy())
        image = (scores * 255).astype(np.uint8)
        for index, threshold in enumerate(thresholds):
            level = int(threshold * image.max())
            _, mask = cv2.threshold(image, level, 255, cv2.THRESH_BINARY)
            contours, _ = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
            largest = [max(contours, key=cv2.contourArea)] if contours else []
            for kind, chosen in enumerate((largest, contours)):
                boxes = [(0, 0, 0, 0)]
                if chosen:
                    corners = map(cv2.boundingRect, chosen)
                    boxes = [
                        (x, y, min(x + w, 223), min(y + h, 223))
                        for x, y, w, h in corners
                    ]
                correct[kind, :, index] += box_iou(boxes, truth).max() >= IOUS
    return correct


def fast_max_box_acc(samples: list[dict], step: float) -> np.ndarray:
    """Count right boxes with the metric, on one thread, (kinds, ious, thresholds)."""
    metric = MaxBoxAcc('cam', ious=IOUS, step=step)
    records = [metric.record(s, s['cams']['cam'][0].numpy()) for s in samples]
    return metric.num_correct(records)


def threaded_max_box_acc(samples: list[dict], step: float) -> np.ndarray:
    """Count right boxes with the metric, in threads, (kinds, ious, thresholds)."""
    metric = MaxBoxAcc('cam', ious=IOUS, step=step)
    metric.process({}, samples)
    metric.evaluate(len(samples))
    return metric.correct


def timed(function: Callable, *args: Any) -> tuple[float, Any]:
    """Return the seconds that a call took, and its result."""
    start = time.perf_counter()
    result = function(*args)
    return time.perf_counter() - start, result


def main() -> None:
    args = parse_args()
    samples = make_samples(args.images, args.seed)
    forms = dict(
        plain=plain_max_box_acc, fast=fast_max_box_acc, threads=threaded_max_box_acc
    )
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    counts = {}
    # In turns, so that what else the machine does meets all alike.
    for _, (name, form) in product(range(args.repeats), forms.items()):
        elapsed, counts[name] = timed(form, samples, args.step)
        seconds[name].append(elapsed)
    rows = []
    for name in forms:
        ratios = np.divide(seconds[name], seconds['plain'])
        rows.append(
            dict(
                form=name,
                ms_an_image=1e3 * statistics.median(seconds[name]) / args.images,
                ratio_to_plain=statistics.median(ratios),
                smallest=ratios.min(),
                largest=ratios.max(),
                equal_counts=np.array_equal(counts[name], counts['plain']),
            )
        )
    print(tabulate(rows, headers='keys', floatfmt='.3f'))
    print(
        f'MaxBoxAcc and V2 at {len(score_thresholds(args.step))} thresholds; medians '
        f'of {args.repeats} runs of {args.images} images, seed {args.seed}; '
        f'{os.cpu_count()} cores ({platform.machine()}), Python '
        f'{platform.python_version()}, OpenCV {cv2.__version__}, {date.today()}'
    )
    if args.json:
        mmengine.dump(rows, args.json, indent=2)
    if not all(row['equal_counts'] for row in rows):
        raise SystemExit('the counts differ')


if __name__ == '__main__':
    main()
