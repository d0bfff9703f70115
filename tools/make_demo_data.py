"""Write the demo data set: fish that only a badge tells apart, with boxes and masks."""

import argparse

from _cli import user_errors

from mmccam.datasets.demo import generate_demo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('out_dir', help='folder, empty or not there yet')
    parser.add_argument('--seed', type=int, default=0, help='seed of all that is drawn')
    args = parser.parse_args()
    with user_errors():
        print(generate_demo(args.out_dir, seed=args.seed))


if __name__ == '__main__':
    main()
