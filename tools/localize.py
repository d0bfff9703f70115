"""Find the object in any images or videos: boxes for other programs, and pictures.

Without checkpoint and config, by a classifier of ImageNet's 1000 classes, which is on
board. Its map is cam by default.
"""

import argparse
from pathlib import Path

from _cli import CONFIG_ERRORS, add_box_options, add_options, user_errors

FORMATS = ('json', 'coco', 'csv', 'labelstudio', 'voc', 'yolo')
MOST_SHOWN = 10  # images whose boxes are printed


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    what = 'images, videos, folders or quoted patterns such as "*.jpg"'
    add('images', nargs='+', help=what)
    add('--checkpoint', help='checkpoint file')
    what = 'config file, or the name of a model; by default that of the checkpoint'
    add('--config', help=what)
    what = 'folder of results; by default the first of boxes, boxes-2 ... that is new'
    add('--out-dir', help=what)
    what = 'formats of the results, json by default'
    add('--format', nargs='+', choices=FORMATS, default=['json'], help=what)
    what = "the rule's own (on board 0.3, unless a box rule or another size is named)"
    add_box_options(parser, what)
    what = 'how many of the most probable classes are predicted, each with its box'
    add('--num-guesses', type=int, default=1, help=what)
    what = 'predict the known class alone: folder, if the folder of an image has its '
    add('--labels', help=f'{what}name, or a file of lines path,class')
    what = "names in the results instead of the network's: folder, for those of the "
    add('--class-names', help=f"{what}images' folders, or one name for all")
    what = "side of the input in pixels; by default the config's, on board 224"
    add('--size', type=int, help=what)
    add('--batch-size', type=int, default=8)
    what = 'write no pictures'
    add('--no-pictures', dest='draw', action='store_false', help=what)
    add('--save-maps', action='store_true', help='write the maps as .npz files')
    what = 'pass over images that cannot be read, and note why in the results'
    add('--skip-unreadable', action='store_true', help=what)
    what = 'go on with what --out-dir has; write other formats if all is there'
    add('--resume', action='store_true', help=what)
    options = ('--device', '--launcher', '--trust-checkpoint', '--cfg-options')
    add_options(parser, *options)
    args = parser.parse_args()
    check_args(parser, args)
    return args


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse options that need others, and fill in what depends on others."""
    if args.thresholds is not None and args.checkpoint is None:
        parser.error('--thresholds needs --checkpoint')
    if args.cfg_options and not (args.config or args.checkpoint):
        parser.error('--cfg-options needs --config or --checkpoint')
    if args.out_dir is None:
        if args.resume or args.launcher != 'none':
            parser.error('--resume and --launcher need --out-dir')
        args.out_dir, number = 'boxes', 1
        while Path(args.out_dir).exists():
            number += 1
            args.out_dir = f'boxes-{number}'


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

from collections import Counter
from itertools import islice

import mmccam
from mmccam.apis.lines import read_results
from mmccam.apis.processes import device_of, numbers_of
from mmccam.apis.shares import is_finished
from mmccam.apis.torch_inferencer import imagenet_inferencer


def build_localizer(args: argparse.Namespace) -> mmccam.ImageLocalizer:
    """Load the network that the options name."""
    names = ('cam', 'box_rule', 'threshold', 'num_guesses', 'size', 'device')
    kwargs = {name: getattr(args, name) for name in names}
    if args.config is None and args.checkpoint is None:
        return imagenet_inferencer(**kwargs)
    if args.trust_checkpoint:
        mmccam.trust_checkpoints()
    thresholds = args.thresholds
    if thresholds == '':
        from mmccam.evaluation.thresholds import threshold_file

        thresholds = threshold_file(args.checkpoint)
    kwargs.update(thresholds=thresholds, options=args.cfg_options)
    return mmccam.CCAMInferencer(args.config, args.checkpoint, **kwargs)


def describe(result: dict) -> str:
    """Say in a line what an image shows and where, or why that is not known."""
    if 'error' in result:
        return result['error']
    best = result['predictions'][0]
    box = ', '.join(f'{value:g}' for value in best['box'])
    return f'{result["img_path"]}: {best["class_name"]} {best["score"]:.0%}, box {box}'


def localize(args: argparse.Namespace, localizer: mmccam.ImageLocalizer) -> None:
    """Localize the images in the share of this process, and say where results are."""
    rank, processes, _ = numbers_of(args.launcher)
    names = ('batch_size', 'out_dir', 'draw', 'save_maps', 'skip_unreadable')
    names = (*names, 'labels', 'class_names', 'resume')
    kwargs = {name: getattr(args, name) for name in names}
    kwargs.update(formats=args.format, process=(rank, processes))
    results = localizer.stream(args.images, **kwargs, show_progress=rank == 0)
    lines = [describe(result) for result in islice(results, MOST_SHOWN)]
    if others := sum(1 for _ in results):
        lines.append(f'and {others} more, all of them in {args.out_dir}')
    if rank == 0:
        for line in lines:
            print(line)
    if not is_finished(args.out_dir):
        print(f'the share of process {rank} of {processes} is done')
        return
    counts = Counter('error' in result for result in read_results(args.out_dir))
    rule = localizer.box_rule
    images = f'{counts[False]} image{"" if counts[False] == 1 else "s"}'
    print(
        f'{images} localized, {counts[True]} skipped, by the map {localizer.map_name} '
        f'and the rule {rule.name} at {rule.threshold:g}: see {args.out_dir}'
    )


def main(args: argparse.Namespace) -> None:
    with user_errors(*CONFIG_ERRORS):
        args.device = args.device or device_of(args.launcher)
        localizer = build_localizer(args)
    with user_errors(RuntimeError):  # say of an input too small or large for it
        localize(args, localizer)


if __name__ == '__main__':
    main(args)
