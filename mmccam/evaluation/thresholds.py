"""Search box rule and threshold on held-out images, and keep them in a file."""

import hashlib
import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Optional, Union

import mmengine
import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset

from .._on_import import __version__
from ..boxes import box_iou
from ..models.heads.localization_head import DEFAULT_CAMS
from ..registry import METRICS
from ..structures import true_boxes
from .box_rules import build_box_rule
from .metric import LocalizationMetric, check_iou, count_hits, pack_hits


@METRICS.register_module()
class ThresholdSearch(LocalizationMetric):
    """How many boxes of the true class are right, at each threshold of each box rule.

    To be used on a split that no result is reported on. Tries 0.01 ... 0.99. Reported
    is, for each rule, the ``<rule>_threshold`` with the most boxes of an overlap of 0.5
    (of equally good ones the lowest), and its accuracy in percent,
    ``<rule>_gt_known_loc``. After the evaluation, the main process has the accuracies
    of all thresholds in ``curves``.

    Args:
        cam: Name of the map, one of the head's ``cams``.
        box_rules: Names of the box rules. Defaults to ``cam`` and ``nlccam_released``.
        ious: Overlaps at which a box is right, 0.5 among them. Defaults to 0.3, 0.5 and
            0.7.
        **kwargs: ``prefix`` and ``collect_device`` of
            :class:`~mmccam.evaluation.metric.LocalizationMetric`.

    Raises:
        ValueError: If an argument lies outside its range or names nothing.
    """

    thresholds = (np.arange(1, 100) / 100).tolist()

    def __init__(
        self,
        *args,
        box_rules: Sequence[str] = ('cam', 'nlccam_released'),
        ious: Sequence[float] = (0.3, 0.5, 0.7),
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        for iou in ious:
            check_iou(iou)
        if 0.5 not in ious:
            raise ValueError(f'ious must have 0.5, by which is chosen, got {ious}')
        self.box_rules = {name: build_box_rule(name) for name in box_rules}
        self.ious = list(ious)

    def record(self, sample: dict, cam: np.ndarray) -> np.ndarray:
        """Return for each rule, threshold and IoU whether the box is right.

        Args:
            sample: Prediction, with ``loc_boxes`` and ``ori_shape``.
            cam: Map of the true class, (h, w).

        Returns:
            Bits, of (rules, thresholds, ious).

        Raises:
            ValueError: If the image has no ground-truth box, or one outside.
        """
        height, width = sample['ori_shape']
        truth = true_boxes(sample)
        overlaps = [
            box_iou(rule.at(self.thresholds, cam, (width, height)), truth).max(axis=1)
            for rule in self.box_rules.values()
        ]
        return pack_hits(np.stack(overlaps), self.ious)

    def summarize(self, records: list[np.ndarray]) -> dict[str, float]:
        """Find the best threshold of each rule and its accuracy in percent."""
        shape = (len(self.box_rules), len(self.thresholds), len(self.ious))
        accuracies = 100 * (count_hits(records, shape) / len(records))
        self.curves = {
            rule: dict(zip(self.ious, of_rule.T.tolist()))
            for rule, of_rule in zip(self.box_rules, accuracies)
        }
        return {
            f'{best["box_rule"]}_{name}': best[name]
            for best in self.best_rules()
            for name in ('threshold', 'gt_known_loc')
        }

    def best_rules(self) -> list[dict]:
        """Each rule with its best threshold, from the best rule to the worst.

        Returns:
            ``box_rule``, ``threshold`` and ``gt_known_loc``, in percent, of each.
        """
        best = []
        for rule, curves in self.curves.items():
            index = int(np.argmax(curves[0.5]))  # the lowest of equally good ones
            best.append(
                dict(
                    box_rule=rule,
                    threshold=self.thresholds[index],
                    gt_known_loc=curves[0.5][index],
                )
            )
        return sorted(best, key=lambda rule: -rule['gt_known_loc'])


# What has a box rule that the file may set.
WITH_BOX_RULE = (
    'CCAMLocalizationMetric',
    'DumpBoxes',
    'DumpPseudoBoxes',
    'LocalizationErrors',
    'LocalizationVisualizationHook',
)

# Enough to tell images apart, little enough for a large data set.
FINGERPRINT_BYTES = 1 << 14


def threshold_file(checkpoint: Union[str, Path]) -> Path:
    """The place of a checkpoint's thresholds: ``<name>.thresholds.json`` beside it."""
    return Path(checkpoint).with_suffix('.thresholds.json')


def maps_of(cfg: Config) -> dict:
    """What a config makes its maps by, besides the network: as plain types."""
    parts = dict(
        pipeline=cfg.test_dataloader.dataset.get('pipeline'),
        cams=cfg.model.head.get('cams', DEFAULT_CAMS),
    )
    return json.loads(json.dumps(parts, default=str))


def describe_search(
    searches: list[ThresholdSearch],
    dataset: BaseDataset,
    checkpoint: Union[str, Path],
    config: Union[str, Path],
    split: str,
    maps: dict,
) -> dict:
    """Put together what a search found, and how.

    Args:
        searches: Metrics of the search, after the evaluation.
        dataset: Images that were searched on.
        checkpoint: File of the model.
        config: Config file of the model.
        split: ``val`` or ``test``: for which of the config's splits it stands.
        maps: How the maps were made, as :func:`maps_of` gives it: ``pipeline`` of the
            images and config of each of the ``cams``.

    Returns:
        ``thresholds``: for each map its box rules from the best to the worst, with
        ``box_rule``, ``threshold`` and accuracy; ``curves``: for each map and rule the
        accuracies in percent of all thresholds by IoU; ``provenance``; ``maps``;
        ``images``: a fingerprint of each.
    """
    return dict(
        provenance=dict(
            split=getattr(dataset, 'split', split),
            data_root=dataset.data_root,
            ann_file=dataset.ann_file,
            num_images=len(dataset),
            checkpoint=str(checkpoint),
            checkpoint_sha256=_sha256(checkpoint),
            config=str(config),
            mmccam=__version__,
            date=str(date.today()),
        ),
        thresholds={search.map_name: search.best_rules() for search in searches},
        curves=dict(
            thresholds=ThresholdSearch.thresholds,
            gt_known_loc={search.map_name: search.curves for search in searches},
        ),
        maps=maps,
        images=_fingerprints(dataset),
    )


def read_thresholds(
    path: Union[str, Path], checkpoint: Union[str, Path], maps: dict
) -> dict:
    """Read what was found for a checkpoint.

    Args:
        path: File of the thresholds.
        checkpoint: File of the model.
        maps: How the maps are made, as in :func:`describe_search`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is of another kind, or of another checkpoint or other
            maps.
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
    searched, same = found['maps'], found['maps']['pipeline'] == maps['pipeline']
    for cam, function in maps['cams'].items():
        same = same and searched['cams'].get(cam, function) == function
    if not same:
        raise ValueError(
            f'the thresholds of {path} were searched with other combination functions '
            'or another size of the input than this config has: search with it'
        )
    return found


def choose_rule(found: dict, cam: str, box_rule: Optional[str] = None) -> dict:
    """Choose what was found for a map.

    Args:
        found: What :func:`read_thresholds` returns.
        cam: Name of the map.
        box_rule: Name of a box rule. Defaults to the best.

    Returns:
        ``box_rule`` and its ``threshold``.

    Raises:
        ValueError: If nothing is known for the map or the rule.
    """
    rules = {rule['box_rule']: rule for rule in found['thresholds'].get(cam, [])}
    name = box_rule or next(iter(rules), None)
    if name not in rules:
        remedy = f'name it in --box-rules, searched were {", ".join(rules)}'
        if not rules:
            maps = ', '.join(found['thresholds'])
            remedy = f'search with this config, searched were {maps}'
        what = f' and the box rule "{name}"' if rules else ''
        raise ValueError(
            f'no threshold was searched for the map "{cam}"{what}: {remedy}'
        )
    return rules[name]


def apply_thresholds(cfg: Config, found: dict) -> list[int]:
    """Set box rule and threshold of all metrics and hooks that name no threshold.

    Where a box rule is named it stays, else the best one is taken.

    Args:
        cfg: Config with a list ``test_evaluator`` and, if there are any,
            ``custom_hooks``, changed in place.
        found: What :func:`read_thresholds` returns.

    Returns:
        Places of the metrics in ``test_evaluator`` that were set.

    Raises:
        ValueError: If nothing is known for a map or a rule.
    """
    places = []
    for place, part in enumerate([*cfg.test_evaluator, *cfg.get('custom_hooks', [])]):
        has_rule = part.type.rpartition('.')[2] in WITH_BOX_RULE
        if not has_rule or part.get('threshold') is not None:
            continue
        rule = choose_rule(found, part.cam, part.get('box_rule'))
        part.update(box_rule=rule['box_rule'], threshold=rule['threshold'])
        if place < len(cfg.test_evaluator):
            places.append(place)
    return places


def shared_images(found: dict, dataset: BaseDataset) -> int:
    """Count the images of a data set that the thresholds were chosen on.

    Images are the same if their files are, whatever they are called.
    """
    searched = set(found['images'].values())
    return sum(image in searched for image in _fingerprints(dataset).values())


def _fingerprints(dataset: BaseDataset) -> dict[str, str]:
    """Size and checksum of the first bytes of each image file, by its name."""
    fingerprints = {}
    for index in range(len(dataset)):
        path = dataset.get_data_info(index)['img_path']
        with open(path, 'rb') as file:
            digest = hashlib.sha256(file.read(FINGERPRINT_BYTES)).hexdigest()
        name = os.path.relpath(path, dataset.data_root)
        fingerprints[name] = f'{os.path.getsize(path)}-{digest[:16]}'
    return fingerprints


def _sha256(path: Union[str, Path]) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
