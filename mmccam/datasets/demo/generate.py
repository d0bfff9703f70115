"""A small data set made on the spot, with exact boxes and masks."""

import tempfile
from itertools import product
from pathlib import Path
from typing import Union

import cv2
import numpy as np

from ..files import write_lines
from ..metadata import write_split
from .drawing import BADGES, draw

SPLITS = ('train', 'val', 'test')


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """First and last column and row of a mask: x0, y0, x1, y1 in pixels, inclusive."""
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def _write_image(path: Path, image: np.ndarray, options: tuple[int, ...] = ()) -> None:
    """Write a BGR or gray image in the format the path ends on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), image, options):
        raise OSError(f'cannot write {path}')


def _write_split(root: Path, split: str, count: int, size: int, seed: int) -> None:
    """Draw and write ``count`` images a class, and their metadata."""
    boxes, masks = [], []
    for (label, name), index in product(enumerate(BADGES), range(count)):
        # A generator for every image: more images leave the others as they are.
        rng = np.random.default_rng([seed, SPLITS.index(split), label, index])
        sides = size, round(size * rng.uniform(0.75, 1))
        height, width = sides if rng.random() < 0.5 else sides[::-1]
        image, mask, _ = draw(rng, BADGES[name], height, width)

        stem = f'{split}/{name}/{index:04d}'
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        _write_image(root / f'images/{stem}.jpg', bgr, (cv2.IMWRITE_JPEG_QUALITY, 95))
        row = f'{stem}.jpg', label, (width, height)
        boxes.append((*row, _box(mask)))
        if split == 'test':
            masks.append((*row, (f'{stem}.png', f'{stem}_ignore.png')))
            _write_image(root / f'masks/{stem}.png', mask * np.uint8(255))
            _write_image(root / f'masks/{stem}_ignore.png', mask * np.uint8(0))
    write_split(root / 'metadata' / split, boxes)
    if masks:
        write_split(root / f'metadata/{split}-masks', masks)


def generate_demo(
    out_dir: Union[str, Path],
    num_train: int = 90,
    num_val: int = 10,
    num_test: int = 25,
    size: int = 96,
    seed: int = 0,
) -> Path:
    """Write the demo data set in the metadata format of WSOL evaluation.

    Its splits are ``train``, ``val`` and ``test`` with boxes, and ``test-masks``: the
    images of ``test`` with masks, 0 or 255, and empty ignore masks. The same arguments
    write the same bytes.

    Args:
        out_dir: A folder that is empty or does not exist. It appears when it is
            complete; nothing is overwritten.
        num_train: Images a class in ``train``.
        num_val: Images a class in ``val``.
        num_test: Images a class in ``test``.
        size: Longer side of every image in pixels, at least 32. The other side is 75
            to 100 % of it.
        seed: 0 or more. Another seed gives other images.

    Returns:
        The absolute path of the folder.

    Raises:
        FileExistsError: If ``out_dir`` is a file or not empty.
        ValueError: If a number is too small.
    """
    counts = {'num_train': num_train, 'num_val': num_val, 'num_test': num_test}
    for key, value in {**counts, 'size': size, 'seed': seed}.items():
        least = {'size': 32, 'seed': 0}.get(key, 1)
        if value < least:
            raise ValueError(f'{key} must be at least {least}, got {value}')
    out_dir = Path(out_dir).resolve()
    if out_dir.exists() and not (out_dir.is_dir() and not any(out_dir.iterdir())):
        raise FileExistsError(
            f'{out_dir} exists and is not an empty folder: remove it or name another'
        )
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.demo-', dir=out_dir.parent) as scratch:
        root = Path(scratch, 'demo')
        for split in SPLITS:
            _write_split(root, split, counts[f'num_{split}'], size, seed)
        write_lines(root / 'classes.txt', list(BADGES))
        root.rename(out_dir)
    return out_dir
