"""Loading images for training, in one process and in those of a data loader."""

import tempfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.dataset import pseudo_collate
from mmpretrain.registry import TRANSFORMS
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from . import read_config
from .device import seconds_of
from .measure import Form, Measurement, Part

Transform = Callable[[dict], dict]


def write_images(folder: Path, count: int, seed: int) -> list[str]:
    """Write JPEG files of smooth colours and noise, about as large as photographs."""
    rng = np.random.default_rng(seed)
    paths = [str(folder / f'{index}.jpg') for index in range(count)]
    for path in paths:
        image = cv2.resize(rng.random((40, 50, 3)), (500, 375))
        image += 0.15 * rng.standard_normal(image.shape)
        image = (255 * image.clip(0, 1)).astype(np.uint8)
        cv2.imwrite(path, image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return paths


def plain_pipeline() -> tuple[Transform, Transform]:
    """Decode and resize; and then crop, flip and make a tensor."""
    rng = np.random.default_rng(0)

    def load(sample: dict) -> dict:
        image = Image.fromarray(cv2.imread(sample['img_path']))
        return dict(img=np.asarray(image.resize((256, 256), Image.BILINEAR)))

    def transform(sample: dict) -> dict:
        x, y = rng.integers(33, size=2)
        image = load(sample)['img'][y : y + 224, x : x + 224]
        image = image[:, ::-1] if rng.random() < 0.5 else image
        return dict(inputs=torch.from_numpy(image.transpose(2, 0, 1).copy()))

    return load, transform


def toolbox_pipeline() -> tuple[Transform, Transform]:
    """The first steps of the config; and all."""
    steps = read_config().train_dataloader.dataset.pipeline
    steps = [TRANSFORMS.build(step) for step in steps]
    return Compose(steps[:2]), Compose(steps)


class Images(Dataset):
    """The images again and again, so that processes are busy for a while."""

    def __init__(self, samples: list[dict], transform: Transform) -> None:
        self.samples, self.transform = samples, transform

    def __len__(self) -> int:
        return 40 * len(self.samples)

    def __getitem__(self, index: int) -> dict:
        return self.transform(dict(self.samples[index % len(self.samples)]))


def load_here(samples: list[dict], transform: Transform, args: Namespace) -> float:
    """Seconds to load the images once in this process."""
    return seconds_of(lambda: [transform(dict(sample)) for sample in samples])


def load_in_workers(samples: list, transform: Transform, args: Namespace) -> float:
    """Seconds to load as many images by a data loader, once its queues are full."""
    images = Images(samples, transform)
    batch = min(args.batch_size, len(images) // 8)
    options = dict(num_workers=args.workers, collate_fn=pseudo_collate)
    loader = DataLoader(images, batch, **options)
    batches, warm = iter(loader), len(loader) // 4
    for _ in range(warm):
        next(batches)
    seconds = seconds_of(lambda: [None for _ in batches])
    return seconds * len(samples) / (len(images) - warm * batch)


def run_pipeline(way: tuple, precision: str, args: Namespace) -> Measurement:
    """Load all images once."""
    make_pipeline, load_all = way
    load, transform = make_pipeline()
    threads = torch.get_num_threads(), cv2.getNumThreads()
    with tempfile.TemporaryDirectory() as folder:
        paths = write_images(Path(folder), args.images, args.seed)
        samples = [dict(img_path=path, gt_label=0) for path in paths]
        values = np.stack([load(dict(sample))['img'] for sample in samples])
        try:
            torch.set_num_threads(1)  # as in a worker of a data loader
            cv2.setNumThreads(0)
            seconds = load_all(samples, transform, args)
        finally:
            torch.set_num_threads(threads[0])
            cv2.setNumThreads(threads[1])
    return Measurement(args.images, seconds, values.astype(float))


PIPELINE = Part(
    'Training pipeline: JPEG files of 500 x 375 to crops of 224 x 224, in one process '
    'and in {workers}',
    run_pipeline,
    {
        'plain': Form((plain_pipeline, load_here)),
        'mmccam': Form((toolbox_pipeline, load_here)),
        'mmccam, data loader': Form((toolbox_pipeline, load_in_workers)),
    },
)
