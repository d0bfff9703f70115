"""Score maps or boxes, of any program, on the data set of a config."""

import argparse
from pathlib import Path

from _cli import CONFIG_ERRORS, add_options, user_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add_options(parser, 'config', '--cfg-options')
    add = parser.add_argument
    what = 'folder of .npy maps, folders whose maps are averaged, or COCO results as '
    add('predictions', type=Path, nargs='+', help=what + '.json')
    add('--split', choices=['val', 'test'], default='test')
    add('--out', help='.json file to write')
    maps = parser.add_argument_group('maps')
    add_options(maps, '--box-rule', '--threshold')
    what = 'folder of the images (default: that of the data set)'
    maps.add_argument('--root', help=what)
    what = 'side of square maps (default: the image size)'
    maps.add_argument('--side', type=int, help=what)
    args = parser.parse_args()
    if args.out and Path(args.out).suffix != '.json':
        parser.error(f'--out must end in .json, got {args.out}')
    return args


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

import mmengine

from mmccam.apis.runs import build_annotations, has_scaled_masks, read_data_config
from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.evaluation.coco_files import evaluate_boxes
from mmccam.evaluation.map_files import evaluate_maps
from mmccam.whole_files import check_writable


def evaluate(args: argparse.Namespace) -> dict[str, float]:
    """Build the data set of the config and score the predictions on it."""
    names = ('box_rule', 'threshold', 'root', 'side')
    options = {n: vars(args)[n] for n in names if vars(args)[n] is not None}
    boxes = [one for one in args.predictions if one.suffix == '.json' and one.is_file()]
    for path in args.predictions:
        if path not in boxes and not path.is_dir():
            raise FileNotFoundError(
                f'{path} must be a folder of maps or a .json file, and is neither'
            )
    if boxes and len(args.predictions) > 1:
        raise ValueError(
            f'only folders of maps can be averaged, {boxes[0]} is a file of boxes'
        )
    if boxes and options:
        given = ', '.join(f'--{name.replace("_", "-")}' for name in options)
        raise ValueError(
            f'{given} can only be given for a folder of maps, '
            f'{boxes[0]} is a file of boxes'
        )
    with user_errors(*CONFIG_ERRORS):
        cfg = read_data_config(args.config, args.cfg_options)
        dataset = build_annotations(cfg, args.split)
    if boxes:
        return evaluate_boxes(dataset, *boxes)
    options['scaled_masks'] = has_scaled_masks(cfg, args.split)
    return evaluate_maps(dataset, *args.predictions, **options)


def main(args: argparse.Namespace) -> None:
    with user_errors():
        if args.out:
            check_writable(args.out)
        values = evaluate(args)
        for name, value in values.items():
            print(f'{name}: {value:.4g}')
        if args.out:
            mmengine.dump(values, args.out, indent=2, backend_args=WHOLE_FILES)


if __name__ == '__main__':
    main(args)
