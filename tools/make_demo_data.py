"""Write the demo data set: fish that only a badge tells apart, with boxes and masks."""

import argparse

from mmccam.datasets.demo import generate_demo


def main() -> None:
    """Write the data set and print its folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        'out_dir', nargs='?', default='data/demo', help='folder, empty or not there yet'
    )
    for split, count in (('train', 90), ('val', 10), ('test', 25)):
        parser.add_argument(
            f'--num-{split}', type=int, default=count, help=f'{split} images a class'
        )
    parser.add_argument(
        '--size', type=int, default=96, help='longer side of an image in pixels'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of all that is drawn')
    args = parser.parse_args()
    try:
        print(generate_demo(**vars(args)))
    except (OSError, ValueError) as error:
        parser.exit(2, f'{parser.prog}: {error}\n')


if __name__ == '__main__':
    main()
