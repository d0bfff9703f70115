"""Find all problems of data sets before anything is trained on them."""

import os
from collections.abc import Callable, Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from itertools import chain, combinations
from typing import NamedTuple

from mmengine.dataset import BaseDataset

from ..boxes import check_boxes
from ..registry import DATASETS
from .files import Report, image_errors, read_mask, report_problems, reportable
from .transforms import LoadImage

CHUNK = 1024  # images that wait for a thread at a time
SHOWN = 10  # names of classes in a note


class Summary(NamedTuple):
    """Numbers of images, classes and problems of a data set."""

    images: int
    classes: int
    problems: int


def check_datasets(
    configs: dict[str, dict],
    report: Report,
    note: Report,
    scaled_masks: Container[str] = (),
) -> dict[str, Summary]:
    """Check annotations, images and masks of data sets, and what they have in common.

    Of the data sets, configs by name, ``train`` should have all classes, and those in
    ``scaled_masks`` may have masks of other sizes than their images. Each problem is
    reported once, even if several share it; noted is what may be intended.
    """
    problems: dict[str, set[str]] = {name: set() for name in configs}

    def report_once(name: str, problem: str) -> None:
        if not any(problem in found for found in problems.values()):
            report(problem)
        problems[name].add(problem)

    datasets: dict[str, BaseDataset] = {}
    for name, config in configs.items():
        with report_problems(partial(report_once, name)), reportable():
            # Not serialized, since that fails if no image is left.
            config = dict(config, serialize_data=False, lazy_init=False)
            datasets[name] = DATASETS.build(config)
        if name in datasets:
            check = partial(_check_image, datasets[name], name in scaled_masks)
            for problem in _in_threads(check, len(datasets[name])):
                report_once(name, problem)
    for sentence in _notes(datasets):
        note(sentence)
    summaries = {}
    for name, found in problems.items():
        dataset = datasets.get(name, ())
        classes = _classes(dataset) if name in datasets else ()
        summaries[name] = Summary(len(dataset), len(classes), len(found))
    return summaries


def _in_threads(check: Callable[[int], list[str]], count: int) -> Iterator[str]:
    """Yield the problems of so many images in their order."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, count, CHUNK):
            indices = range(start, min(start + CHUNK, count))
            yield from chain.from_iterable(pool.map(check, indices))


def _check_image(dataset: BaseDataset, scaled_masks: bool, index: int) -> list[str]:
    """Check pixels, size, boxes and masks of an image; return its problems."""
    info = dataset.get_data_info(index)
    path = info.get('img_path')
    masks = [*info.get('loc_masks', ()), info.get('loc_ignore')]
    load = next(iter(dataset.pipeline.transforms), LoadImage())
    errors = image_errors(path)
    if isinstance(load, LoadImage):
        # One that raises, even if the other notes its images, and names them itself.
        load, errors = LoadImage(), nullcontext()
    problems: list[str] = []
    with report_problems(problems.append), reportable():
        with errors:
            height, width = shape = load(dict(info))['ori_shape']
        with reportable():
            listed = info.get('listed_size', (width, height))
            if listed != (width, height):
                raise ValueError(
                    f'{path} has {width} x {height} pixels as it is stored, '
                    f'image_sizes.txt has {listed[0]} x {listed[1]}'
                )
        for box in info.get('loc_boxes', ()):
            with reportable():
                check_boxes(box, (width, height), path)
        for mask in filter(None, masks):
            with reportable():
                read_mask(mask, path, shape, scaled_masks)
    return problems


def _classes(dataset: BaseDataset) -> tuple[str, ...]:
    return dataset.metainfo.get('classes') or ()


def _notes(datasets: dict[str, BaseDataset]) -> Iterator[str]:
    """Yield sentences on classes without training images and on shared images."""
    if 'train' in datasets:
        classes = _classes(datasets['train'])
        present = {info.get('gt_label') for info in datasets['train'].data_list}
        missing = [name for label, name in enumerate(classes) if label not in present]
        names = ', '.join(missing[:SHOWN]) + (', …' if len(missing) > SHOWN else '')
        if missing:
            yield (
                f'{len(missing)} of {len(classes)} classes have no image in train: '
                f'{names}'
            )
    paths = {
        name: {info['img_path'] for info in dataset.data_list if 'img_path' in info}
        for name, dataset in datasets.items()
    }
    for one, other in combinations(paths, 2):
        if shared := paths[one] & paths[other]:
            yield (
                f'{len(shared)} images are both in {one} and in {other}, '
                f'the first is {min(shared)}'
            )
