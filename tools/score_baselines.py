"""Score the best centred box and the whole image, as baselines for localization."""

import argparse

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
from mmengine.dataset import BaseDataset

from mmccam.apis.runs import build_annotations, find_loader, read_data_config
from mmccam.boxes import box_iou
from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.datasets.files import image_size
from mmccam.structures import true_boxes
from mmccam.whole_files import check_writable

PERCENT = range(1, 101)  # sides of centred boxes, of those of the image
IOU = 0.5


def centred_hits(dataset: BaseDataset) -> np.ndarray:
    """Whether the centred box of each size is right, (images, sizes)."""
    hits = []
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        size = np.array(image_size(info['img_path']))
        truth = true_boxes(dict(info, ori_shape=tuple(size[::-1])))
        margins = (1 - np.array(PERCENT)[:, None] / 100) * size / 2
        boxes = np.concatenate([margins, size - 1 - margins], axis=1)
        hits.append(box_iou(boxes, truth).max(axis=1) >= IOU)
    return np.array(hits)


def evaluate(args: argparse.Namespace) -> dict:
    """Choose the centred box on the validation split, and score both on the test."""
    with user_errors(*CONFIG_ERRORS):
        cfg = read_data_config(args.config, args.cfg_options)
        if find_loader(cfg, 'val').dataset == cfg.test_dataloader.dataset:
            raise ValueError(
                f'validation and test split of {args.config} are the same: the box '
                'must be chosen on other images'
            )
        val, test = (build_annotations(cfg, split) for split in ('val', 'test'))
    best = int(centred_hits(val).sum(axis=0).argmax())
    hits = centred_hits(test)
    boxes = {
        f'centred box of {PERCENT[best]} % of each side': hits[:, best],
        'complete image': hits[:, -1],
    }
    return dict(
        about=dict(
            data=f'{type(test).__name__}, {test.data_root}',
            split=getattr(test, 'split', 'test'),
            images=len(test),
        ),
        baselines={
            name: dict(
                gt_known_loc=100 * float(of_box.mean()),
                hits=''.join(map(str, of_box.astype(int))),
            )
            for name, of_box in boxes.items()
        },
    )


def main(args: argparse.Namespace) -> None:
    with user_errors():
        if args.out:
            check_writable(args.out)
        found = evaluate(args)
        for name, box in found['baselines'].items():
            print(f'{name}: GT-known {box["gt_known_loc"]:.1f}')
        if args.out:
            mmengine.dump(found, args.out, indent=2, backend_args=WHOLE_FILES)


if __name__ == '__main__':
    main(args)
