"""Export a network for other programs: from pixels to scores and maps in one graph."""

import argparse

from _cli import CONFIG_ERRORS, add_options, user_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add_options(parser, 'config', 'checkpoint')
    add = parser.add_argument
    add('--out', required=True, help='file to write: .onnx, or .pt2 of torch.export')
    add('--size', type=int, help="side of the input in pixels; the config's by default")
    what = 'of how many of the most probable classes there are maps'
    add('--num-guesses', type=int, default=1, help=what)
    add_options(parser, '--trust-checkpoint', '--cfg-options')
    return parser.parse_args()


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

from mmccam import trust_checkpoints
from mmccam.apis.export import export
from mmccam.apis.network import load_network, resize_whole


def main(args: argparse.Namespace) -> None:
    with user_errors(*CONFIG_ERRORS):
        if args.trust_checkpoint:
            trust_checkpoints()
        network, cfg, _ = load_network(
            args.config, args.checkpoint, args.cfg_options, 'cpu'
        )
        network.head.set_maps(network.head.cams, args.num_guesses)
        resize, *_ = resize_whole(cfg, args.size).transforms
        names = export(network, resize.scale, args.out)
    width, height = resize.scale
    print(
        f'{args.out}: from images (N, {height}, {width}, 3), uint8, RGB, to '
        f'{", ".join(names)}'
    )


if __name__ == '__main__':
    main(args)
