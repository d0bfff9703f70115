"""Loading images for training, in one process of a data loader."""

import tempfile
from argparse import Namespace
from pathlib import Path

import cv2
import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import TRANSFORMS

import mmccam  # noqa: F401  registers its parts

from . import CONFIG
from .measure import Form, Measurement, Part, seconds_of


def write_images(folder: Path, count: int, seed: int) -> list[str]:
    """Write JPEG files of smooth colours and noise, about as large as photographs."""
    rng = np.random.default_rng(seed)
    paths = []
    for index in range(count):
        image = cv2.resize(rng.random((40, 50, 3)), (500, 375))
        image += 0.15 * rng.standard_normal(image.shape)
        image = (255 * image.clip(0, 1)).astype(np.uint8)
        path = str(folder / f'{index}.jpg')
        cv2.imwrite(path, image, [cv2.IMWRITE_JPEG_QUALITY, 85])
        paths.append(path)
    return paths


def run_pipeline(args: Namespace) -> Measurement:
    """Load all images once."""
    cfg = Config.fromfile(CONFIG)
    init_default_scope(cfg.default_scope)
    steps = list(map(TRANSFORMS.build, cfg.train_dataloader.dataset.pipeline))
    load, pipeline = Compose(steps[:2]), Compose(steps)
    threads = torch.get_num_threads(), cv2.getNumThreads()
    with tempfile.TemporaryDirectory() as folder:
        paths = write_images(Path(folder), args.images, args.seed)
        values = np.stack([load(dict(img_path=path))['img'] for path in paths])
        try:
            torch.set_num_threads(1)  # as in a worker of a data loader
            cv2.setNumThreads(0)
            seconds = seconds_of(
                lambda: [pipeline(dict(img_path=p, gt_label=0)) for p in paths]
            )
        finally:
            torch.set_num_threads(threads[0])
            cv2.setNumThreads(threads[1])
    return Measurement(args.images, seconds, values.astype(float))


PIPELINE = Part(
    'Training pipeline in one process: JPEG files of 500 x 375 to crops of 224 x 224',
    dict(plain=Form(run_pipeline)),
)
