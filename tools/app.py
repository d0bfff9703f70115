"""Open a page in the browser to try maps and boxes on images."""

import argparse

from _cli import CONFIG_ERRORS, add_options, user_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    what = 'checkpoint file; without it and --config a classifier of ImageNet'
    add('--checkpoint', help=what)
    what = 'config file, or the name of a model; by default that of the checkpoint'
    add('--config', help=what)
    add('--size', type=int, help="side of the input in pixels; the config's by default")
    what = 'port of the page on this machine, by default a free one from 7860 on'
    add('--port', type=int, help=what)
    add_options(parser, '--device', '--trust-checkpoint', '--cfg-options')
    return parser.parse_args()


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

from mmccam import CCAMInferencer, trust_checkpoints
from mmccam.classified import by_inferencer, by_localizer


def main(args: argparse.Namespace) -> None:
    with user_errors(*CONFIG_ERRORS):
        from mmccam.app import Page

        if args.checkpoint or args.config:
            if args.trust_checkpoint:
                trust_checkpoints()
            inferencer = CCAMInferencer(
                args.config,
                args.checkpoint,
                size=args.size,
                device=args.device,
                options=args.cfg_options,
            )
            page = Page(by_inferencer(inferencer), inferencer.classes)
        else:
            from mmccam.onboard import imagenet_localizer

            size = {} if args.size is None else dict(size=args.size)
            localizer = imagenet_localizer(**size)
            page = Page(by_localizer(localizer), localizer.classes)
        blocks = page.launch(args.port)
    print(f'The page is at {blocks.local_url}; Ctrl+C ends it', flush=True)
    blocks.block_thread()


if __name__ == '__main__':
    main(args)
