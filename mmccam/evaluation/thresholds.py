"""Search box rule and threshold on held-out images, keep them in a file, apply them."""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from .._on_import import __version__
from ..boxes import between_alike, box_iou
from ..datasets.files import NUMBER, check_form, read_json
from ..map_boxes import FRACTIONS
from ..models.heads.localization_head import LocalizationHead
from ..registry import METRICS
from ..structures import relative_path, true_boxes
from .box_rules import BoxMaker, build_box_rule, present_name
from .metric import LocalizationMetric, check_iou, count_hits, pack_hits

TOOL = 'tools/search_threshold.py'
BOX_RULES = ('largest_component', 'released_nlccam')
File = Union[str, Path]

# Of the file; see describe_search.
FORM = dict(
    provenance=dict.fromkeys(
        ('split', 'data_root', 'ann_file', 'checkpoint', 'checkpoint_sha256'), str
    ),
    thresholds={str: [dict(box_rule=str, threshold=NUMBER, gt_known_loc=NUMBER)]},
    curves=dict(thresholds=[NUMBER], gt_known_loc={str: {str: {str: [NUMBER]}}}),
    maps=dict(pipeline=object, cams=dict),
    images=(list, dict),  # earlier versions had checksums of the images
)


@METRICS.register_module()
class ThresholdSearch(LocalizationMetric):
    """How many boxes of the true class are right, at each threshold of each box rule.

    For a split that no result is reported on. Reported is, for each rule, the
    ``<rule>_threshold`` with the most right boxes at an IoU of 0.5 (of equally good
    ones the lowest), and its accuracy in percent, ``<rule>_gt_known_loc``. Tried are
    0.01 ... 0.99, or what the rule has as ``grid``. Afterwards the main process has the
    accuracies of all thresholds in ``curves``.

    Args:
        box_rules: Names of the box rules.
        ious: IoUs at which a box is right, 0.5 among them.
        **kwargs: Arguments of :class:`~mmccam.evaluation.LocalizationMetric`.
    """

    def __init__(
        self,
        *args,
        box_rules: Sequence[str] = BOX_RULES,
        ious: Sequence[float] = (0.3, 0.5, 0.7),
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        for iou in ious:
            check_iou(iou)
        if 0.5 not in ious:
            raise ValueError(f'ious must have 0.5, by which is chosen, got {ious}')
        self.box_rules = {rule.name: rule for rule in map(build_box_rule, box_rules)}
        self.ious = list(ious)

    def record(self, sample: dict, cam: np.ndarray) -> np.ndarray:
        """Return whether the boxes are right: bits, of (all thresholds, ious)."""
        height, width = sample['ori_shape']
        truth, size = true_boxes(sample), (width, height)
        alike = partial(between_alike, others=truth, ious=self.ious)
        overlaps = [
            box_iou(rule.at(rule.grid, cam, size, alike), truth).max(axis=1)
            for rule in self.box_rules.values()
        ]
        return pack_hits(np.concatenate(overlaps), self.ious)

    def summarize(self, records: list[np.ndarray]) -> dict[str, float]:
        ends = np.cumsum([len(rule.grid) for rule in self.box_rules.values()])
        hits = count_hits(records, (ends[-1], len(self.ious)))
        accuracies = np.split(100 * (hits / len(records)), ends[:-1])
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
        """``box_rule``, ``threshold`` and ``gt_known_loc`` of each, the best first."""
        best = []
        for rule, curves in self.curves.items():
            highest = max(curves[0.5])
            lowest = self.box_rules[rule].grid[curves[0.5].index(highest)]
            best.append(dict(box_rule=rule, threshold=lowest, gt_known_loc=highest))
        return sorted(best, key=lambda rule: -rule['gt_known_loc'])


def threshold_file(checkpoint: File) -> Path:
    """The place of a checkpoint's thresholds: ``<name>.thresholds.json`` beside it."""
    return Path(checkpoint).with_suffix('.thresholds.json')


def head_of(runner: Runner) -> LocalizationHead:
    """The head of a runner's model, which may be wrapped for several processes."""
    model = runner.model
    return (model.module if is_model_wrapper(model) else model).head


def maps_of(cfg: Config, head: LocalizationHead) -> dict:
    """What makes maps besides weights, as plain types: ``pipeline`` and ``cams``."""
    parts = dict(pipeline=cfg.test_dataloader.dataset.get('pipeline'), cams=head.cams)
    return json.loads(json.dumps(parts, default=str))


def describe_search(
    searches: list[ThresholdSearch],
    dataset: BaseDataset,
    about: dict,
    maps: dict,
    functions: Sequence[str] = (),
) -> dict:
    """Put together what a search found on a data set, with maps as of ``maps_of``.

    ``about`` names the split, unless the data set does, the config, the checkpoint and
    its checksum. ``thresholds`` has for each map its box rules from the best to the
    worst, ``curves`` for each map and rule the accuracies of all thresholds by IoU;
    ``grids`` are the thresholds of rules with their own. Of the maps that ``functions``
    names, ``provenance`` has the best as ``chosen``, of equally good ones the first.
    """
    best = {search.map_name: search.best_rules() for search in searches}
    fractions = list(FRACTIONS)
    chosen = max(
        functions, key=lambda name: best[name][0]['gt_known_loc'], default=None
    )
    rules = dict(pair for search in searches for pair in search.box_rules.items())
    grids = {name: list(rules[name].grid) for name in sorted(rules)}
    return dict(
        provenance=dict(
            about,
            split=getattr(dataset, 'split', about['split']),
            data_root=dataset.data_root,
            ann_file=dataset.ann_file,
            num_images=len(dataset),
            mmccam=__version__,
            date=str(date.today()),
            chosen=chosen and dict(map=chosen, of=list(functions), **best[chosen][0]),
        ),
        thresholds=best,
        curves=dict(
            thresholds=fractions,
            grids={rule: grid for rule, grid in grids.items() if grid != fractions},
            gt_known_loc={search.map_name: search.curves for search in searches},
        ),
        maps=maps,
        images=_image_names(dataset),
    )


def read_thresholds(path: File, checkpoint: File, maps: dict) -> dict:
    """Read what was found for a checkpoint and ``maps_of``, else raise a ValueError."""
    try:
        found = read_json(path, FORM)
        grids = found['curves'].get('grids', {})  # files of earlier versions have none
        check_form(grids, {str: [NUMBER]}, f'{path}, "grids"')
    except (FileNotFoundError, ValueError) as error:
        raise type(error)(f'{error}: thresholds are written by {TOOL}') from None
    if found['provenance']['checkpoint_sha256'] != sha256(checkpoint):
        raise ValueError(
            f'the thresholds of {path} were searched with another checkpoint, '
            f'{found["provenance"]["checkpoint"]}, than {checkpoint}'
        )
    searched, same = found['maps'], found['maps']['pipeline'] == maps['pipeline']
    for name, function in maps['cams'].items():
        same = same and searched['cams'].get(name, function) == function
    if not same:
        raise ValueError(
            f'the thresholds of {path} were searched with other combination functions '
            'or another size of the input than this config has: search with it'
        )
    for rule in chain.from_iterable(found['thresholds'].values()):
        rule['box_rule'] = present_name(rule['box_rule'])
    for curves in found['curves']['gt_known_loc'].values():
        for rule in list(curves):
            curves[present_name(rule)] = curves.pop(rule)
    return found


def choose_rule(found: dict, map_name: str, box_rule: Optional[str] = None) -> dict:
    """Choose rule and threshold of a map, of a rule or the best, else a ValueError."""
    if map_name not in found['thresholds']:
        raise ValueError(
            f'no threshold was searched for the map "{map_name}": search with this '
            f'config, searched were {", ".join(found["thresholds"])}'
        )
    rules = {rule['box_rule']: rule for rule in found['thresholds'][map_name]}
    name = present_name(box_rule or next(iter(rules)))
    if name not in rules:
        raise ValueError(
            f'no threshold was searched for the map "{map_name}" and the box rule '
            f'"{name}": name it in --box-rules, searched were {", ".join(rules)}'
        )
    return rules[name]


def apply_thresholds(objects: Iterable[Any], found: dict) -> list[BoxMaker]:
    """Set box rule and threshold of all metrics and hooks that name no threshold.

    A named box rule stays, else it becomes the best one. Returned are those set.
    """
    makers = [one for one in objects if isinstance(one, BoxMaker)]
    makers = [maker for maker in makers if not maker.names_threshold]
    for maker in makers:
        named = maker.box_rule.name if maker.names_rule else None
        rule = choose_rule(found, maker.map_name, named)
        maker.box_rule = build_box_rule(rule['box_rule'], rule['threshold'])
    return makers


def shared_images(found: dict, dataset: BaseDataset) -> int:
    """Count the images of a data set that the thresholds were chosen on.

    An image is the same if its name below the same ``data_root`` is. If the name of the
    annotation file is the same too, the root does not matter: the data may have been
    moved, and a mark too many is better than one too few.
    """
    root, file = _source(**found['provenance'])
    own_root, own_file = _source(dataset.data_root, dataset.ann_file)
    if root != own_root and (file is None or file != own_file):
        return 0
    return len(set(found['images']) & set(_image_names(dataset)))


def _source(data_root: str, ann_file: str, **_) -> tuple[str, Optional[str]]:
    """The resolved root of a data set and its annotation file, relative to it."""
    file = os.path.relpath(ann_file, data_root) if ann_file else None
    return os.path.realpath(data_root), file


def _image_names(dataset: BaseDataset) -> list[str]:
    infos = map(dataset.get_data_info, range(len(dataset)))
    return [relative_path(info, dataset.data_root) for info in infos]


def sha256(path: File) -> str:
    """The checksum by which a checkpoint is known."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
