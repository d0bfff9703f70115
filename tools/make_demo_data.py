"""Write the demo data set: fish that only a badge tells apart, with boxes and masks."""

import argparse

from _cli import user_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('out_dir', help='folder, empty or not there yet')
    parser.add_argument('--seed', type=int, default=0, help='seed of all that is drawn')
    return parser.parse_args()


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

from mmccam.datasets.demo import generate_demo


def main(args: argparse.Namespace) -> None:
    with user_errors():
        print(generate_demo(args.out_dir, seed=args.seed))


if __name__ == '__main__':
    main(args)
