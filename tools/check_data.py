"""Find all problems of the data sets of a config: annotations, images and masks."""

import argparse

from _cli import CONFIG_ERRORS, add_options, user_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add_options(parser, 'config', '--cfg-options')
    return parser.parse_args()


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

from mmengine.config import Config, ConfigDict

from mmccam.apis.runs import find_loader, has_scaled_masks, read_data_config
from mmccam.datasets.check import Summary, check_datasets

SPLITS = ('train', 'val', 'test')


def find_datasets(cfg: Config) -> dict[str, ConfigDict]:
    """Find the data sets of a config, each distinct one once, by their splits."""
    datasets: dict[str, ConfigDict] = {}
    for split in SPLITS:
        if cfg.get(f'{split}_dataloader') is None:
            continue
        dataset = find_loader(cfg, split).dataset
        same = [name for name, other in datasets.items() if other == dataset]
        datasets[', '.join([*same, split])] = dataset
        for name in same:
            del datasets[name]
    if not datasets:
        names = ', '.join(f'{split}_dataloader' for split in SPLITS)
        raise ValueError(f'{cfg.filename} must have at least one of {names}')
    return datasets


def check(args: argparse.Namespace) -> dict[str, Summary]:
    """Check the data sets of the config; print problems and notes."""
    cfg = read_data_config(args.config, args.cfg_options)
    datasets = find_datasets(cfg)
    scaled = [
        n for n in datasets if any(has_scaled_masks(cfg, s) for s in n.split(', '))
    ]
    return check_datasets(datasets, print, lambda text: print(f'note: {text}'), scaled)


def main(args: argparse.Namespace) -> None:
    with user_errors(*CONFIG_ERRORS):
        summaries = check(args)
    for name, found in summaries.items():
        print(
            f'{name}: {found.images} images, {found.classes} classes, '
            f'{found.problems} problems'
        )
    if any(found.problems for found in summaries.values()):
        raise SystemExit(1)


if __name__ == '__main__':
    main(args)
