"""Find the object in any images: boxes as JSON, and pictures of them."""

import argparse

from common import (
    CONFIG_ERRORS,
    add_box_options,
    add_config_options,
    add_trust_option,
    user_errors,
)

from mmccam import CCAMInferencer, trust_checkpoints
from mmccam.evaluation.thresholds import threshold_file


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'images', nargs='+', help='images, folders or quoted patterns such as "*.jpg"'
    )
    parser.add_argument('--checkpoint', help='checkpoint file')
    parser.add_argument(
        '--config',
        help='config file, or the name of a model; by default the config that is '
        'stored in the checkpoint',
    )
    parser.add_argument(
        '--out-dir', required=True, help='folder of predictions.json and pictures'
    )
    add_box_options(parser)
    parser.add_argument(
        '--num-guesses',
        type=int,
        default=1,
        help='how many of the most probable classes are predicted, each with its box',
    )
    parser.add_argument(
        '--size', type=int, help="side of the input in pixels; the config's by default"
    )
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument('--device', help='such as cpu or cuda:1')
    parser.add_argument(
        '--no-pictures', action='store_true', help='write predictions.json alone'
    )
    parser.add_argument(
        '--save-maps', action='store_true', help='write the maps as .npz files'
    )
    parser.add_argument(
        '--skip-unreadable',
        action='store_true',
        help='pass over images that cannot be read, and note why in predictions.json',
    )
    add_trust_option(parser)
    add_config_options(parser)
    args = parser.parse_args()
    if args.thresholds is not None and args.checkpoint is None:
        parser.error('--thresholds needs --checkpoint')
    if args.thresholds == '':
        args.thresholds = threshold_file(args.checkpoint)
    return args


def build_inferencer(args: argparse.Namespace) -> CCAMInferencer:
    """Load the network."""
    if args.trust_checkpoint:
        trust_checkpoints()
    return CCAMInferencer(
        args.config,
        args.checkpoint,
        cam=args.cam,
        box_rule=args.box_rule,
        threshold=args.threshold,
        thresholds=args.thresholds,
        num_guesses=args.num_guesses,
        size=args.size,
        device=args.device,
        options=args.cfg_options,
    )


def main() -> None:
    args = parse_args()
    with user_errors(*CONFIG_ERRORS):
        inferencer = build_inferencer(args)
    found = skipped = 0
    with user_errors(RuntimeError):  # say of an input too small or large for it
        for result in inferencer.stream(
            args.images,
            batch_size=args.batch_size,
            out_dir=args.out_dir,
            draw=not args.no_pictures,
            save_maps=args.save_maps,
            skip_unreadable=args.skip_unreadable,
        ):
            skipped += 'error' in result
            found += 'error' not in result
    rule = inferencer.box_rule
    print(
        f'{found} images localized, {skipped} skipped, by the map {inferencer.cam} and '
        f'the rule {rule.name} at {rule.threshold:g}: see {args.out_dir}'
    )


if __name__ == '__main__':
    main()
