"""Thresholds in a file beside the checkpoint, with where they come from."""

import hashlib
import os
from datetime import date
from functools import partial
from pathlib import Path
from typing import Union

import mmengine
from mmengine.config import Config
from mmengine.dataset import BaseDataset

from ..version import __version__
from .threshold_search import ThresholdSearch

# What has a box rule that the file may set.
WITH_BOX_RULE = (
    'mmccam.CCAMLocalizationMetric',
    'mmccam.DumpBoxes',
    'mmccam.LocalizationErrors',
    'mmccam.LocalizationVisualizationHook',
)


def threshold_file(checkpoint: Union[str, Path]) -> Path:
    """The place of a checkpoint's thresholds: ``<name>.thresholds.json`` beside it."""
    return Path(checkpoint).with_suffix('.thresholds.json')


def describe_search(
    searches: list[ThresholdSearch],
    dataset: BaseDataset,
    checkpoint: Union[str, Path],
    config: Union[str, Path],
    split: str,
) -> dict:
    """Put together what a search found, and how.

    Args:
        searches: Metrics of the search, after the evaluation.
        dataset: Images that were searched on.
        checkpoint: File of the model.
        config: Config file of the model.
        split: ``val`` or ``test``: which of the config's splits it was.

    Returns:
        ``thresholds``: for each map its box rules from the best to the worst, with
        ``box_rule``, ``threshold`` and accuracy; ``curves``: for each map and rule the
        accuracies in percent of all thresholds by IoU; ``provenance``; ``images``.
    """
    return dict(
        provenance=dict(
            split=split,
            data_root=dataset.data_root,
            ann_file=dataset.ann_file,
            num_images=len(dataset),
            checkpoint=str(checkpoint),
            checkpoint_sha256=_sha256(checkpoint),
            config=str(config),
            mmccam=__version__,
            date=str(date.today()),
        ),
        thresholds={search.cam: search.best_rules() for search in searches},
        curves=dict(
            thresholds=ThresholdSearch.thresholds,
            gt_known_loc={search.cam: search.curves for search in searches},
        ),
        images=_image_names(dataset),
    )


def read_thresholds(path: Union[str, Path], checkpoint: Union[str, Path]) -> dict:
    """Read what was found for a checkpoint.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is of another kind, or of another checkpoint.
    """
    if not Path(path).exists():
        raise FileNotFoundError(
            f'there is no file of thresholds {path}: make it with '
            'tools/search_threshold.py'
        )
    try:
        found = mmengine.load(path, file_format='json')
        searched = found['provenance']['checkpoint_sha256']
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f'{path} was not written by tools/search_threshold.py'
        ) from None
    if searched != _sha256(checkpoint):
        raise ValueError(
            f'the thresholds of {path} were searched with another checkpoint, '
            f'{found["provenance"]["checkpoint"]}, than {checkpoint}'
        )
    return found


def apply_thresholds(cfg: Config, found: dict) -> None:
    """Set box rule and threshold of all metrics and hooks that name no threshold.

    Where a box rule is named it stays, else the best one is taken.

    Args:
        cfg: Config with ``test_evaluator`` and ``custom_hooks``, changed in place.
        found: What :func:`read_thresholds` returns.

    Raises:
        ValueError: If nothing is known for a map or a rule.
    """
    parts = [*cfg.test_evaluator, *cfg.get('custom_hooks', [])]
    for part in parts:
        if part.type not in WITH_BOX_RULE or part.get('threshold') is not None:
            continue
        rules = {
            rule['box_rule']: rule for rule in found['thresholds'].get(part.cam, [])
        }
        name = part.get('box_rule') or next(iter(rules), None)
        if name not in rules:
            raise ValueError(
                f'no threshold was searched for the map "{part.cam}"'
                + (f' and the box rule "{name}"' if name else '')
            )
        part.update(box_rule=name, threshold=rules[name]['threshold'])


def shared_images(found: dict, dataset: BaseDataset) -> int:
    """Count the images of a data set that the thresholds were chosen on."""
    return len(set(found['images']) & set(_image_names(dataset)))


def _image_names(dataset: BaseDataset) -> list[str]:
    paths = (dataset.get_data_info(i)['img_path'] for i in range(len(dataset)))
    return [os.path.relpath(path, dataset.data_root) for path in paths]


def _sha256(path: Union[str, Path]) -> str:
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        for block in iter(partial(file.read, 1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()
