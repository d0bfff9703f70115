"""Find all problems of data sets before anything is trained on them."""

import os
from collections.abc import Callable, Container
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from itertools import combinations
from typing import NamedTuple, Optional

from mmengine.dataset import BaseDataset

from ..boxes import check_boxes
from ..registry import DATASETS
from .files import image_errors, read_mask, report_problems, reportable
from .transforms import LoadImage

CHUNK = 1024  # images that wait for a thread at a time
SHOWN = 10  # names of classes in a note

Report = Callable[[str], None]


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

    Args:
        configs: Config of each data set by its name; the one called ``train`` should
            have images of all classes.
        report: Called with one sentence for each problem, once if several data sets
            share it.
        note: Called with one sentence for what may be intended.
        scaled_masks: Names of those whose masks may be larger or smaller than their
            image.

    Returns:
        What was found in each.
    """
    problems: dict[str, set[str]] = {name: set() for name in configs}

    def report_once(name: str, problem: str) -> None:
        if not any(problem in found for found in problems.values()):
            report(problem)
        problems[name].add(problem)

    datasets: dict[str, BaseDataset] = {}
    for name, config in configs.items():
        dataset = _read(config, partial(report_once, name))
        if dataset is not None:
            datasets[name] = dataset
            _check_images(dataset, partial(report_once, name), name in scaled_masks)
    if 'train' in datasets:
        _note_missing_classes(datasets['train'], note)
    _note_shared_images(datasets, note)
    summaries = {name: Summary(0, 0, len(found)) for name, found in problems.items()}
    for name, dataset in datasets.items():
        images, classes = len(dataset), len(_classes(dataset))
        summaries[name] = Summary(images, classes, len(problems[name]))
    return summaries


def _read(config: dict, report: Report) -> Optional[BaseDataset]:
    """Build a data set; None if its files cannot be read at all."""
    with report_problems(report), reportable():
        # Not serialized, since that fails if no image is left.
        return DATASETS.build(dict(config, serialize_data=False, lazy_init=False))
    return None


def _check_images(dataset: BaseDataset, report: Report, scaled_masks: bool) -> None:
    """Check all images of a data set in threads."""
    load = next(iter(dataset.pipeline.transforms), LoadImage())
    if isinstance(load, LoadImage):
        load = LoadImage()  # which raises, even if the other one notes its images
    check = partial(_check_image, dataset, load, scaled_masks)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(dataset), CHUNK):
            indices = range(start, min(start + CHUNK, len(dataset)))
            for problems in pool.map(check, indices):
                for problem in problems:
                    report(problem)


def _check_image(
    dataset: BaseDataset, load: Callable[[dict], dict], scaled_masks: bool, index: int
) -> list[str]:
    """Check pixels, size, boxes and masks of an image; return its problems."""
    info = dataset.get_data_info(index)
    path = info.get('img_path')
    masks = [*info.get('loc_masks', ()), info.get('loc_ignore')]
    problems: list[str] = []
    with report_problems(problems.append), reportable():
        # LoadImage names the image itself.
        with nullcontext() if isinstance(load, LoadImage) else image_errors(path):
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


def _note_missing_classes(dataset: BaseDataset, note: Report) -> None:
    classes = _classes(dataset)
    present = {info.get('gt_label') for info in dataset.data_list}
    missing = [name for label, name in enumerate(classes) if label not in present]
    if missing:
        names = ', '.join(missing[:SHOWN]) + (', …' if len(missing) > SHOWN else '')
        note(
            f'{len(missing)} of {len(classes)} classes have no image in train: {names}'
        )


def _note_shared_images(datasets: dict[str, BaseDataset], note: Report) -> None:
    paths = {
        name: {info['img_path'] for info in dataset.data_list if 'img_path' in info}
        for name, dataset in datasets.items()
    }
    for one, other in combinations(paths, 2):
        if shared := paths[one] & paths[other]:
            note(
                f'{len(shared)} images are both in {one} and in {other}, '
                f'the first is {min(shared)}'
            )
