"""Find the object in any images: boxes as JSON, and pictures of them."""

import argparse

from _cli import CONFIG_ERRORS, add_box_options, add_options, user_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add('images', nargs='+', help='images, folders or quoted patterns such as "*.jpg"')
    add('--checkpoint', help='checkpoint file')
    what = 'config file, or the name of a model; by default that of the checkpoint'
    add('--config', help=what)
    add('--out-dir', required=True, help='folder of predictions.json and pictures')
    add_box_options(parser)
    what = 'how many of the most probable classes are predicted, each with its box'
    add('--num-guesses', type=int, default=1, help=what)
    add('--size', type=int, help="side of the input in pixels; the config's by default")
    add('--batch-size', type=int, default=8)
    what = 'write predictions.json alone'
    add('--no-pictures', dest='draw', action='store_false', help=what)
    add('--save-maps', action='store_true', help='write the maps as .npz files')
    what = 'pass over images that cannot be read, and note why in predictions.json'
    add('--skip-unreadable', action='store_true', help=what)
    add_options(parser, '--device', '--trust-checkpoint', '--cfg-options')
    args = parser.parse_args()
    if args.thresholds is not None and args.checkpoint is None:
        parser.error('--thresholds needs --checkpoint')
    return args


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

from collections import Counter

from mmccam import CCAMInferencer, trust_checkpoints
from mmccam.evaluation.thresholds import threshold_file


def main(args: argparse.Namespace) -> None:
    def given(*names: str) -> dict:
        return {name: getattr(args, name) for name in names}

    if args.thresholds == '':
        args.thresholds = threshold_file(args.checkpoint)
    with user_errors(*CONFIG_ERRORS):
        if args.trust_checkpoint:
            trust_checkpoints()
        choices = given('cam', 'box_rule', 'threshold', 'thresholds')
        kwargs = given('num_guesses', 'size', 'device')
        inferencer = CCAMInferencer(
            args.config, args.checkpoint, options=args.cfg_options, **choices, **kwargs
        )
    with user_errors(RuntimeError):  # say of an input too small or large for it
        kwargs = given('batch_size', 'out_dir', 'draw', 'save_maps', 'skip_unreadable')
        results = inferencer.stream(args.images, **kwargs)
        counts = Counter('error' in result for result in results)
    rule = inferencer.box_rule
    print(
        f'{counts[False]} images localized, {counts[True]} skipped, by the map '
        f'{inferencer.map_name} and the rule {rule.name} at {rule.threshold:g}: see '
        f'{args.out_dir}'
    )


if __name__ == '__main__':
    main(args)
