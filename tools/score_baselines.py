"""Score the best centred box and the whole image, as baselines for localization."""

import argparse
from os.path import realpath

from _cli import CONFIG_ERRORS, add_options, user_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add_options(parser, 'config', '--cfg-options')
    parser.add_argument('--out', help='.json file to write')
    args = parser.parse_args()
    if args.out and not args.out.endswith('.json'):
        parser.error(f'--out must end in .json, got {args.out}')
    return args


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

import mmengine
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.evaluator import Evaluator

from mmccam.apis.runs import build_annotations, read_data_config
from mmccam.boxes import box_iou
from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.datasets.files import image_size
from mmccam.evaluation import MaxBoxAcc, PxAP
from mmccam.maps import SCORE_MAP_SIDE
from mmccam.structures import true_boxes
from mmccam.whole_files import check_writable

PERCENT = range(1, 101)  # sides of centred boxes, of those of the image
IOU = 0.5
BOX, IMAGE = 'centred box', 'complete image'


def read_infos(dataset: BaseDataset) -> list[dict]:
    """What is known of each image, with its size."""
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return [dict(i, ori_shape=image_size(i['img_path'])[::-1]) for i in infos]


def centred_hits(infos: list[dict]) -> np.ndarray:
    """Whether the centred box of each size is right, (images, sizes)."""
    hits = []
    for info in infos:
        size = np.array(info['ori_shape'][::-1])
        margins = (1 - np.array(PERCENT)[:, None] / 100) * size / 2
        boxes = np.concatenate([margins, size - 1 - margins], axis=1)
        hits.append(box_iou(boxes, true_boxes(info)).max(axis=1) >= IOU)
    return np.array(hits)


def known_class(hits: np.ndarray) -> dict:
    """GT-known of a box that is right, or not, for each image, (images,)."""
    digits = ''.join(map(str, hits.astype(int)))
    return dict(gt_known_loc=100 * float(hits.mean()), hits=digits)


def map_metrics(infos: list[dict]) -> dict[str, dict]:
    """Metrics without a box rule, of maps that look at no image.

    One falls from the centre to the border, so that what is above a threshold is a
    centred box, one size for each threshold. The other is constant, and only PxAP has a
    number for it.
    """
    sides = np.linspace(-1, 1, SCORE_MAP_SIDE, dtype=np.float32)
    centre = 1 - np.maximum(abs(sides[:, None]), abs(sides))
    maps, kind = {BOX: torch.tensor(centre)[None]}, MaxBoxAcc
    if infos[0].get('loc_masks'):
        maps[IMAGE], kind = torch.zeros_like(maps[BOX]), PxAP
    evaluator = Evaluator([kind(name) for name in maps])
    label = torch.tensor([0])
    fields = dict(gt_label=label, cam_labels=label, cams=maps)
    for info in infos:
        evaluator.process([dict(info, **fields)])
    found = {name: {} for name in maps}
    for key, value in evaluator.evaluate(len(infos)).items():
        name, _, metric = key.partition('/')
        if not metric.endswith('_degenerate_maps'):
            found[name][metric] = value
    return found


def choose_side(cfg: Config, tested: list[dict]) -> int:
    """The side of the best centred box on the validation split, in percent."""
    infos = read_infos(build_annotations(cfg, 'val'))
    own, other = ({realpath(i['img_path']) for i in one} for one in (infos, tested))
    if own & other:
        raise ValueError(
            f'the validation split has {len(own & other)} images of the test split: '
            'the box must be chosen on others'
        )
    hits = centred_hits(infos)
    return PERCENT[int(hits.sum(axis=0).argmax())]


def evaluate(args: argparse.Namespace) -> dict:
    """Score the best centred box, chosen on the validation split, and all the image."""
    with user_errors(*CONFIG_ERRORS):
        cfg = read_data_config(args.config, args.cfg_options)
        test = build_annotations(cfg, 'test')
        infos, found = read_infos(test), {}
        if not infos[0].get('loc_masks'):
            side = choose_side(cfg, infos)
            hits = centred_hits(infos)
            known = known_class(hits[:, PERCENT.index(side)])
            found = {BOX: dict(known, side=side), IMAGE: known_class(hits[:, -1])}
    for name, metrics in map_metrics(infos).items():
        found[name] = {**found.get(name, {}), **metrics}
    about = dict(
        data=f'{type(test).__name__}, {test.data_root}',
        split=getattr(test, 'split', 'test'),
        images=len(test),
    )
    return dict(about=about, baselines=found)


def main(args: argparse.Namespace) -> None:
    with user_errors():
        if args.out:
            check_writable(args.out)
        found = evaluate(args)
        for name, values in found['baselines'].items():
            print(name, {key: value for key, value in values.items() if key != 'hits'})
        if args.out:
            mmengine.dump(found, args.out, backend_args=WHOLE_FILES)


if __name__ == '__main__':
    main(args)
