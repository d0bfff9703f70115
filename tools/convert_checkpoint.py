"""Convert weights of other programs to those of mmccam; some in both directions."""

import argparse

from _cli import add_options, user_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add('source', help='checkpoint whose format is detected by the names in it')
    add('target', help='file to write')
    formats = ['mmccam', 'released', 'torchvision']
    add('--to', choices=formats, default='mmccam', help='its format')
    what = 'omit the non-local blocks and the head, for which torchvision has no place'
    add('--convolutions-only', action='store_true', help=what)
    what = 'folder with a classes.txt: class names to store for an inferencer'
    add('--data-root', help=what)
    add_options(parser, '--trust-checkpoint')
    args = parser.parse_args()
    if args.convolutions_only and args.to != 'torchvision':
        parser.error('--convolutions-only is for --to torchvision')
    if args.data_root and args.to != 'mmccam':
        parser.error('--data-root is for --to mmccam')
    return args


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

from io import BytesIO
from pathlib import Path

import torch
from mmengine.fileio import put
from mmengine.runner.checkpoint import CheckpointLoader

from mmccam import __version__, trust_checkpoints
from mmccam.apis.config import one_sentence
from mmccam.checkpoints.contents import weights_of
from mmccam.checkpoints.other_programs import from_other_program
from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.datasets.metadata import read_classes
from mmccam.models.vgg_weights import convert


def main(args: argparse.Namespace) -> None:
    with user_errors():
        if Path(args.source).resolve() == Path(args.target).resolve():
            raise ValueError(f'{args.target} is the source and would be overwritten')
        if args.trust_checkpoint:
            trust_checkpoints()
        loaded = CheckpointLoader.load_checkpoint(args.source, map_location='cpu')
        weights = weights_of(loaded, args.source)
        with one_sentence(f'{args.source} is not converted'):
            converted = from_other_program(weights) if args.to == 'mmccam' else None
            if converted is None:
                converted = convert(weights, args.to, args.convolutions_only)
        if args.to == 'mmccam':
            meta = dict(mmccam_version=__version__)
            if args.data_root:
                biases = ('head.fc.bias', 'head.conv.bias')
                num_classes = sum(len(converted.get(name, ())) for name in biases)
                names = read_classes(args.data_root)
                if len(names) != num_classes:
                    raise ValueError(
                        f'{args.data_root}/classes.txt names {len(names)} classes, but '
                        f'the head in {args.source} has {num_classes}'
                    )
                meta['dataset_meta'] = dict(classes=names)
            converted = dict(meta=meta, state_dict=converted)
        content = BytesIO()
        torch.save(converted, content)
        put(content.getvalue(), args.target, backend_args=WHOLE_FILES)
        print(args.target)


if __name__ == '__main__':
    main(args)
