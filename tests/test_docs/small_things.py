"""Makes what the documentation runs small: networks, epochs, images and installations.

The commands stay as they stand; these are all the differences from what a reader gets.
"""

import multiprocessing
import os
import re
import shutil
import sys
from collections.abc import Iterator
from copy import deepcopy
from functools import wraps
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner
from torchvision.models import get_model
from torchvision.models._api import WeightsEnum
from torchvision.models.vgg import cfgs

from mmccam.models import NonLocalVGG

# Further options for programs that read no config.
OPTIONS = {
    'tools/benchmark.py': '--batch-size 2 --image-side 16 --classes 20 --images 2 '
    '--repeats 1 --step 0.01',
    'tools/benchmarks/imagenet_maps.py': '--sizes 64',
    'tests/fuzz.py': '--cases 1',
    'tools/app.py': '--help',  # else it waits for a browser, as test_app.py has one
    # Of all tests those of one file are found.
    'pytest': 'tests/test_boxes.py --collect-only --quiet -n0 -p no:cacheprovider',
}


def replace(arguments: list[str]) -> list[str]:
    """Make what runs small; the arguments of a small program, or run its stand-in."""
    make_all_small()
    flags = [argument for argument in arguments[:1] if argument in ('-m', '-u', '-c')]
    name, *others = arguments[len(flags) :]
    if name in STAND_INS:
        STAND_INS[name](*others)
        sys.exit()
    return [*arguments, *OPTIONS.get(name, '').split()]


def make_all_small() -> None:
    """Make each VGG the smallest, and have each runner take a small config."""
    init = NonLocalVGG.__init__

    @wraps(init)  # whose arguments options are checked against
    def make_small(self, depth=16, *others, **kwargs):
        init(self, 11, *others, **kwargs)

    NonLocalVGG.__init__ = make_small
    cfgs['D'] = cfgs['A']  # of torchvision, in the benchmark
    if 'MMCCAM_SIZE' in os.environ:
        os.environ['MMCCAM_SIZE'] = '32'
    WeightsEnum.get_state_dict = random_weights
    from_cfg = Runner.from_cfg
    Runner.from_cfg = lambda cfg: from_cfg(shrink(deepcopy(cfg)))
    # The benchmark's fresh processes are forks, too.
    get_context = multiprocessing.get_context
    multiprocessing.get_context = lambda method=None: get_context('fork')


def random_weights(weights: WeightsEnum, *others: Any, **kwargs: Any) -> dict:
    """In place of what torchvision downloads."""
    return get_model(type(weights).__name__.removesuffix('_Weights')).state_dict()


def shrink(cfg: Config) -> Config:
    """One epoch on six images of 32 pixels, loaded by the same process.

    The checkpoint has the name of the last epoch all the same. Nothing is downloaded.
    """
    for part in all_parts(cfg._cfg_dict):
        if '://' in str(part.get('init_cfg')):
            part.init_cfg = None
        # Sizes that are small already stay: thresholds belong to them.
        if part.get('type') == 'Resize' and max(part.get('scale', (0,))) > 128:
            part.scale = (32, 32)
        if part.get('type') == 'RandomCrop' and part.crop_size > 112:
            part.crop_size = 28
        if 'persistent_workers' in part:
            part.update(num_workers=0, persistent_workers=False)
    for loader in ('train_dataloader', 'val_dataloader'):
        if cfg.get(loader):
            cfg[loader].dataset.indices = 6  # README.md trains by four processes
    if cfg.get('train_cfg') and 'max_epochs' in cfg.train_cfg:
        last = cfg.train_cfg.max_epochs
        cfg.train_cfg.update(max_epochs=1, val_interval=1)
        cfg.default_hooks.checkpoint.filename_tmpl = f'epoch_{last}.pth'
    return cfg


def all_parts(cfg: Any) -> Iterator[dict]:
    """All dictionaries in a part of a config, itself included."""
    if isinstance(cfg, dict):
        yield cfg
        cfg = list(cfg.values())
    if isinstance(cfg, (list, tuple)):
        for value in cfg:
            yield from all_parts(value)


def make_environment(folder: str) -> None:
    """In place of ``python -m venv``: an environment that has what this one has."""
    programs = Path(folder, 'bin')
    programs.mkdir(parents=True, exist_ok=True)
    (programs / 'activate').write_text('')
    for name in ('python', 'pip'):
        if not (programs / name).exists():
            (programs / name).symlink_to(shutil.which(name))


def install(command: str, *arguments: str) -> None:
    """In place of ``pip install``, which CI runs: whether there are such extras."""
    assert command == 'install'
    extras = Path('setup.py').read_text().partition('extras_require=')[2]
    for extra in re.findall(r'\w+', ''.join(re.findall(r'^\.\[.*', *arguments[-1:]))):
        if f"'{extra}': " not in extras:
            raise ValueError(f'setup.py has no extra {extra}')


STAND_INS = dict(venv=make_environment, pip=install)
