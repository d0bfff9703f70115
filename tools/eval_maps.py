"""Score the maps or boxes of another program on the data set of a config."""

import argparse
from pathlib import Path

import mmengine
from common import (
    add_config_options,
    find_loader,
    has_scaled_masks,
    read_data_config,
    user_errors,
)
from mmengine.registry import DATASETS

from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.evaluation.coco_files import evaluate_boxes
from mmccam.evaluation.map_files import evaluate_maps


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        'predictions',
        type=Path,
        help='folder of .npy maps, or .json file of COCO results',
    )
    parser.add_argument('--split', choices=['val', 'test'], default='test')
    parser.add_argument('--out', help='.json file to write')
    add_config_options(parser)
    maps = parser.add_argument_group('maps')
    maps.add_argument('--box-rule', help='name of the box rule (default: cam)')
    maps.add_argument(
        '--threshold', type=float, help="threshold of the rule (default: the rule's)"
    )
    maps.add_argument(
        '--root',
        help="folder that the images' paths are below (default: that of the data set)",
    )
    maps.add_argument(
        '--side',
        type=int,
        help='side of square maps in pixels (default: the size of each image)',
    )
    return parser


def evaluate(args: argparse.Namespace) -> dict[str, float]:
    """Build the data set of the config and score the predictions on it."""
    options = {
        name: value
        for name in ('box_rule', 'threshold', 'root', 'side')
        if (value := getattr(args, name)) is not None
    }
    is_json = args.predictions.suffix == '.json' and args.predictions.is_file()
    if not (is_json or args.predictions.is_dir()):
        raise FileNotFoundError(
            f'{args.predictions} must be a folder of maps or a .json file, '
            'and is neither'
        )
    if is_json and options:
        names = ', '.join(f'--{name.replace("_", "-")}' for name in options)
        raise ValueError(
            f'{names} can only be given for a folder of maps, '
            f'{args.predictions} is a file of boxes'
        )
    cfg = read_data_config(args)
    loader = find_loader(cfg, args.split)
    dataset = DATASETS.build(dict(loader.dataset, pipeline=[]))
    if is_json:
        return evaluate_boxes(dataset, args.predictions)
    scaled_masks = has_scaled_masks(cfg, args.split)
    return evaluate_maps(
        dataset, args.predictions, scaled_masks=scaled_masks, **options
    )


def main() -> None:
    parser = build_parser()
    args = parser.parse_args()
    if args.out and Path(args.out).suffix != '.json':
        parser.error(f'--out must end in .json, got {args.out}')
    with user_errors():
        values = evaluate(args)
        for name, value in values.items():
            print(f'{name}: {value:.4g}')
        if args.out:
            mmengine.dump(values, args.out, indent=2, backend_args=WHOLE_FILES)


if __name__ == '__main__':
    main()
