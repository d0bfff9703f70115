"""A small data set made on the spot, with exact boxes and masks.

Every image shows one fish on a distracting background. All classes share the fish's
body; only a badge on its flank, 10 to 20 % of its area, tells the class. A map that
fires on what tells classes apart thus finds the badge, while the box holds the fish.
"""

import tempfile
from itertools import product
from pathlib import Path
from typing import NamedTuple, Union

import cv2
import mmcv
import numpy as np

from .files import write_lines
from .metadata import write_split

Rng = np.random.Generator
SPLITS = ('train', 'val', 'test')


class Badge(NamedTuple):
    """The part that tells a class: a star polygon of two colors, RGB, 0 to 255."""

    tips: int  # number of corners
    notch: float  # radius between two corners, relative to that at a corner
    pattern: str  # key of PATTERNS: where the second color goes
    colors: tuple[tuple[int, int, int], tuple[int, int, int]]


WHITE, BLACK, RED, ORANGE = (250, 250, 250), (15, 15, 20), (225, 20, 30), (255, 130, 0)
YELLOW, GREEN, CYAN = (255, 225, 20), (20, 170, 50), (30, 215, 235)
BLUE, VIOLET, PINK = (25, 60, 225), (125, 30, 190), (255, 105, 190)

BADGES = {
    'target': Badge(24, 1.0, 'rings', (RED, WHITE)),
    'chess': Badge(4, 0.71, 'checks', (BLACK, WHITE)),
    'wasp': Badge(6, 0.87, 'stripes', (BLACK, YELLOW)),
    'star': Badge(5, 0.5, 'dot', (YELLOW, RED)),
    'daisy': Badge(8, 0.6, 'dot', (WHITE, VIOLET)),
    'clover': Badge(4, 0.5, 'dot', (GREEN, PINK)),
    'wedge': Badge(3, 0.55, 'half', (ORANGE, BLUE)),
    'sun': Badge(12, 0.75, 'rings', (ORANGE, BLACK)),
    'ball': Badge(24, 1.0, 'sectors', (CYAN, RED)),
    'flag': Badge(4, 0.71, 'stripes', (BLUE, WHITE)),
    'gem': Badge(6, 0.87, 'half', (PINK, CYAN)),
    'mill': Badge(3, 0.35, 'sectors', (VIOLET, GREEN)),
}

# Functions of badge coordinates (the corners have radius 1) to where color two goes.
PATTERNS = {
    'rings': lambda u, v: np.abs(np.hypot(u, v) - 0.5) < 0.2,
    'dot': lambda u, v: np.hypot(u, v) < 0.45,
    'half': lambda u, v: u > 0,
    'stripes': lambda u, v: np.sin(7.5 * u) > 0,
    'checks': lambda u, v: np.sin(4.5 * u) * np.sin(4.5 * v) > 0,
    'sectors': lambda u, v: np.sin(3 * np.arctan2(v, u)) > 0,
}


def _star(badge: Badge) -> np.ndarray:
    """Outline of a badge around (0, 0), float32 (2 * tips, 2)."""
    angles = np.arange(2 * badge.tips) * np.pi / badge.tips
    radii = np.where(np.arange(2 * badge.tips) % 2, badge.notch, 1)
    outline = np.stack([radii * np.cos(angles), radii * np.sin(angles)], 1)
    return outline.astype(np.float32)


def _fish(rng: Rng) -> np.ndarray:
    """Outline of a fish from its tail, x = -1, to its head, x = 1, (M, 2)."""
    x = np.linspace(-1, 1, 40, dtype=np.float32)
    body = rng.uniform(0.34, 0.54) * np.sqrt(np.clip(1 - ((x - 0.2) / 0.8) ** 2, 0, 1))
    tail = np.interp(x, (-1, -0.55, -0.4), (rng.uniform(0.26, 0.42), 0.1, 0))
    half = np.maximum(body, tail)
    spine = rng.uniform(-0.2, 0.2) * (x**2 - 0.3)
    fin = rng.uniform(0, 0.16) * np.exp(-(((x + 0.1) / 0.13) ** 2))
    back, belly = np.stack([x, spine + half + fin], 1), np.stack([x, spine - half], 1)
    return np.concatenate([back, belly[::-1]]).astype(np.float32)


def _rotation(angle: float) -> np.ndarray:
    """Matrix that turns row vectors (x, y) by ``angle`` radians, float32 (2, 2)."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, sin], [-sin, cos]], np.float32)


def _fill(canvas: np.ndarray, outline: np.ndarray, value) -> np.ndarray:
    """Fill a polygon, (x, y) in pixels, with smooth edges in ``canvas`` itself."""
    points = np.round(outline * 16).astype(np.int32)
    return cv2.fillPoly(canvas, [points], value, cv2.LINE_AA, shift=4)


def _mix(where: np.ndarray, first, second) -> np.ndarray:
    """Mix two RGB colors or images by ``where``, (H, W) in 0 to 1, to (H, W, 3)."""
    first, second = np.float32(first), np.float32(second)
    return first + where[..., None].astype(np.float32) * (second - first)


def _texture(rng: Rng, grid: np.ndarray) -> np.ndarray:
    """Blobs, a gradient, checks or stripes in 0 to 1 over a grid (H, W, 2)."""
    height, width = grid.shape[:2]
    kind = rng.choice(['blobs', 'gradient', 'checks', 'stripes'])
    if kind == 'blobs':
        noise = rng.random(rng.integers(4, 10, 2), np.float32)
        return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    u, v = np.moveaxis(grid @ _rotation(rng.uniform(0, np.pi)), 2, 0)
    if kind == 'gradient':
        return (u - u.min()) / np.ptp(u)
    wave = np.sin(u * rng.uniform(0.25, 0.8))
    if kind == 'checks':
        wave *= np.sin(v * rng.uniform(0.25, 0.8))
    return np.clip(0.5 + rng.uniform(0.5, 3) * wave, 0, 1)


def _background(rng: Rng, grid: np.ndarray) -> np.ndarray:
    """Textures, and shapes in the colors of badges that are no badges."""
    height, width = grid.shape[:2]
    image = _mix(_texture(rng, grid), *rng.uniform(40, 215, (2, 3)))
    image *= 0.75 + 0.5 * _texture(rng, grid)[..., None]
    image = image.clip(0, 255).astype(np.uint8)
    colors = [color for badge in BADGES.values() for color in badge.colors]
    for index in rng.integers(len(colors), size=rng.integers(5, 10)):
        corners = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
        shard = np.stack([np.cos(corners), rng.uniform(0.3, 0.6) * np.sin(corners)], 1)
        shard = shard @ _rotation(rng.uniform(0, np.pi)) * rng.uniform(0.07, 0.16)
        center = rng.random(2) * (width, height)
        _fill(image, center + max(height, width) * shard, colors[index])
    return image


def _skin(rng: Rng, u: np.ndarray, v: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Sandy scales and bands, darker to the rim, with an eye, (H, W, 3)."""
    scales = np.sin(24 * u + 3 * np.sin(24 * v))
    bands = np.sin(rng.uniform(7, 12) * u + rng.uniform(0, 6))
    sand = np.array([205, 180, 135]) + rng.uniform(-15, 15, 3)
    skin = _mix(0.5 + 0.2 * scales + 0.3 * bands, 0.55 * sand, sand)
    rim = cv2.GaussianBlur(cover, (0, 0), 1.5) * np.float32(1 / 255)
    skin *= np.clip(1.6 * rim - 0.5, 0.1, 1)[..., None]
    skin[np.hypot(u - 0.8, v - 0.05) < 0.08] = 20
    return skin


def _place(rng: Rng, outline: np.ndarray, height: int, width: int) -> tuple:
    """Place an outline of 15 to 30 % of the image, or what fits: origin and scale."""
    low, high = outline.min(0), outline.max(0)
    room = np.float32([width, height]) - 6
    scale = np.sqrt(rng.uniform(0.15, 0.3) * width * height / cv2.contourArea(outline))
    scale = np.float32(min(scale, *(room / (high - low))))
    corner = 3 + rng.random(2, np.float32) * (room - scale * (high - low))
    return corner - scale * low, scale


def draw(rng: Rng, badge: Badge, height: int, width: int) -> tuple[np.ndarray, ...]:
    """Draw an image, (H, W, 3), RGB, and masks of fish and badge, (H, W), bool."""
    blank = np.zeros((height, width), np.uint8)
    grid = np.stack(np.meshgrid(*map(np.arange, (width, height))), 2).astype(np.float32)

    fish, pose = _fish(rng), _rotation(rng.uniform(0, 2 * np.pi))
    origin, scale = _place(rng, fish @ pose, height, width)
    body = _fill(blank.copy(), origin + scale * fish @ pose, 255)
    local = (grid - origin) @ (pose.T / scale)
    skin = _skin(rng, *np.moveaxis(local, 2, 0), body)

    star, turn = _star(badge), _rotation(rng.uniform(0, 2 * np.pi))
    spot = np.float32([rng.uniform(0.2, 0.55), 0])
    share = rng.uniform(0.12, 0.16)
    radius = np.float32(np.sqrt(share * cv2.contourArea(fish) / cv2.contourArea(star)))
    star = (spot + radius * star @ turn) @ pose
    part = np.minimum(_fill(blank.copy(), origin + scale * star, 255), body)
    local = (local - spot) @ (turn.T / radius)
    where = PATTERNS[badge.pattern](*np.moveaxis(local, 2, 0))

    image = _mix(body * np.float32(1 / 255), _background(rng, grid), skin)
    image = _mix(part * np.float32(1 / 255), image, _mix(where, *badge.colors))
    image += 5 * rng.standard_normal(image.shape, np.float32)
    return image.clip(0, 255).astype(np.uint8), body > 127, part > 127


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
        options = [cv2.IMWRITE_JPEG_QUALITY, 95]
        mmcv.imwrite(mmcv.rgb2bgr(image), f'{root}/images/{stem}.jpg', options)
        row = f'{stem}.jpg', label, (width, height)
        x0, y0, columns, rows = cv2.boundingRect(mask.astype(np.uint8))
        boxes.append((*row, (x0, y0, x0 + columns - 1, y0 + rows - 1)))
        if split == 'test':
            masks.append((*row, (f'{stem}.png', f'{stem}_ignore.png')))
            mmcv.imwrite(mask * np.uint8(255), f'{root}/masks/{stem}.png')
            mmcv.imwrite(mask * np.uint8(0), f'{root}/masks/{stem}_ignore.png')
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
    """Write the demo data set in the metadata format; return its absolute path.

    Its splits are ``train``, ``val`` and ``test`` with boxes, and ``test-masks``: the
    images of ``test`` with masks, 0 or 255, and empty ignore masks. There are so many
    images a class, whose longer side has ``size`` pixels and the other one 75 to 100 %
    of it. The same arguments write the same bytes.

    ``out_dir`` must be empty or not exist. It appears when it is complete.
    """
    counts = dict(num_train=num_train, num_val=num_val, num_test=num_test)
    for key, value in dict(counts, size=size, seed=seed).items():
        least = dict(size=32, seed=0).get(key, 1)
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
