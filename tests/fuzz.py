"""Give the tools damaged files and options, each case from a seed of its own.

    python tests/fuzz.py --cases 1000

A case ends well if the tool gives a result, or exit code 2 and one sentence of less
than 400 characters, within 30 seconds and 2 GiB, and writes nothing but what it is
asked for. All others are printed with their number, from which --first starts. Cases
run in forks of a process that has imported the stack.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Optional

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

from mmccam.datasets.demo import generate_demo
from mmccam.datasets.metadata import read_classes

sys.path += [str(Path(__file__).parent / folder) for folder in ('', 'test_tools')]
from small_runs import CONFIG, run_tool  # noqa: E402
from stack import import_all  # noqa: E402

SECONDS, MEGABYTES, CHARACTERS = 30, 2048, 400
ODD_VALUES = [
    *(None, True, '', 'a', '0', 0, -1, 3.5, 1e300, float('nan'), float('inf')),
    *(10**400, [], {}, [[]], 'x' * 100_000, 'a\0b', '\ud800', "'", '../..', ['a', 1]),
]
ODD_TOKENS = [
    *(
        b'',
        b'nan',
        b'-1',
        b'1e400',
        b'9' * 30,
        b',',
        b',,,',
        b'\n',
        b'\t',
        b'\0',
        b'\xff',
    ),
    *(b'..', b'/', b'\xe2\x80\xa8', b'x' * 100_000, b'[' * 100_000, b'"', b'{}', b'#'),
]


class Case(NamedTuple):
    """A tool with its arguments, and where it may write."""

    command: list[str]
    outputs: tuple[str, ...] = ()


def damage_bytes(chance: random.Random, data: bytes) -> bytes:
    """Cut, repeat, replace or flip a part, one to three times."""
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([1, 4, 40, len(data)]))
        part = data[start:end]
        flipped = bytes(byte ^ 1 << chance.randrange(8) for byte in part[:4]) + part[4:]
        middle = chance.choice([b'', 2 * part, chance.choice(ODD_TOKENS), flipped])
        data = data[:start] + middle + data[end:]
    return data


def damage_value(chance: random.Random, value: Any) -> Any:
    """Replace or remove a part of nested lists and dictionaries, in a copy."""
    is_nested = isinstance(value, (dict, list)) and len(value) > 0
    if not is_nested or chance.random() < 0.1:
        return chance.choice(ODD_VALUES)
    value = value.copy()
    key = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
    action = chance.random()
    if action < 0.1:
        del value[key]
    elif action < 0.2 and isinstance(value, dict):
        value[chance.choice(['', 'a', 'x' * 100_000])] = value.pop(key)
    else:
        value[key] = damage_value(chance, value[key])
    return value


class Fuzzer:
    """The files that cases damage copies of."""

    def __init__(self, folder: Path) -> None:
        self.base = folder / 'base'
        self.case = folder / 'case'
        generate_demo(self.base / 'data', num_train=1, num_val=1, num_test=1)
        self._save_checkpoint()
        self.roots = [
            f'{split}_dataloader.dataset.data_root=data' for split in ('val', 'test')
        ]
        self._run('search_threshold.py', CONFIG, 'a.pth', '--work-dir', 'work')
        dumps = ('--dump-maps', 'maps', '--dump-boxes', 'boxes')
        self._run('test.py', CONFIG, 'a.pth', *dumps, '--work-dir', 'work')
        shutil.rmtree(self.base / 'work')

    def _save_checkpoint(self) -> None:
        torch.manual_seed(0)
        cfg = Config.fromfile(CONFIG)
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            weights = MODELS.build(cfg.copy().model).state_dict()
        names = read_classes(self.base / 'data')
        meta = dict(cfg=cfg.pretty_text, dataset_meta=dict(classes=names), epoch=1)
        torch.save(dict(meta=meta, state_dict=weights), self.base / 'a.pth')

    def _run(self, *command: Any) -> None:
        options = ('--cfg-options', *self.roots)
        code, errors, *_ = run_forked([*command, *options], self.base)
        assert code == 0, errors

    def annotations(self, chance: random.Random) -> Case:
        files = [
            *self.case.glob('data/metadata/test/*'),
            self.case / 'data/classes.txt',
        ]
        file = chance.choice(sorted(files))
        file.write_bytes(damage_bytes(chance, file.read_bytes()))
        if chance.random() < 0.5:
            return Case(['check_data.py', CONFIG, '--cfg-options', *self.roots])
        maps = [str(CONFIG), 'maps/cam', '--cfg-options', *self.roots]
        return Case(['eval_maps.py', *maps])

    def thresholds(self, chance: random.Random) -> Case:
        self._damage_json(chance, self.case / 'a.thresholds.json')
        options = ['--checkpoint', 'a.pth', '--thresholds', '--device', 'cpu']
        command = ['localize.py', self._image(), '--out-dir', 'out', *options]
        return Case(command, ('out',))

    def coco(self, chance: random.Random) -> Case:
        self._damage_json(chance, self.case / 'boxes/ccam.json')
        boxes = [str(CONFIG), 'boxes/ccam.json', '--out', 'out.json']
        command = ['eval_maps.py', *boxes, '--cfg-options', *self.roots]
        return Case(command, ('out.json',))

    def maps(self, chance: random.Random) -> Case:
        file = chance.choice(sorted(self.case.glob('maps/cam/**/*.npy')))
        if chance.random() < 0.7:
            file.write_bytes(damage_bytes(chance, file.read_bytes()))
        else:
            kinds = ['O', 'S', 'f2', 'f4', 'f8', 'c8', 'i1', '>f8', 'M8[s]', 'f4,f4']
            shape = tuple(
                chance.choice([0, 1, 96, 97]) for _ in range(chance.randrange(4))
            )
            np.save(file, np.zeros(shape, chance.choice(kinds)))
        return Case(['eval_maps.py', CONFIG, 'maps/cam', '--cfg-options', *self.roots])

    def checkpoint(self, chance: random.Random) -> Case:
        file = self.case / 'a.pth'
        if chance.random() < 0.2:
            file.write_bytes(damage_bytes(chance, file.read_bytes()))
        else:
            loaded = torch.load(file)
            part = chance.choice(['meta', 'meta', 'state_dict'])
            loaded[part] = damage_value(chance, dict(loaded[part]))
            torch.save(loaded, file)
        options = ['--checkpoint', 'a.pth', '--device', 'cpu', '--no-pictures']
        command = ['localize.py', self._image(), '--out-dir', 'out', *options]
        return Case(command, ('out',))

    def options(self, chance: random.Random) -> Case:
        cfg = Config.fromfile(CONFIG).to_dict()
        key, part = [], cfg
        while isinstance(part, (dict, list)) and part and chance.random() < 0.9:
            names = list(part) if isinstance(part, dict) else range(len(part))
            key.append(chance.choice(list(names)))
            part = part[key[-1]]
        name = '.'.join(map(str, key))
        if chance.random() < 0.2:
            name = damage_bytes(chance, name.encode()).decode(errors='replace')
        option = f'{name}={chance.choice(ODD_VALUES)}'.replace('\0', '').replace(
            '\ud800', ''
        )
        options = [*self.roots, option[:50_000]]
        command = ['test.py', CONFIG, 'a.pth', '--work-dir', 'work', '--cfg-options']
        return Case([*command, *options], ('work', 'work_dirs'))

    def _image(self) -> str:
        return str(sorted(self.case.glob('data/images/test/**/*.jpg'))[0])

    @staticmethod
    def _damage_json(chance: random.Random, file: Path) -> None:
        if chance.random() < 0.3:
            file.write_bytes(damage_bytes(chance, file.read_bytes()))
        else:
            value = damage_value(chance, json.loads(file.read_bytes()))
            file.write_text(json.dumps(value))

    def run(self, number: int, seed: int) -> tuple[str, Optional[str]]:
        """Run a case; what it damages, and what is wrong with how the tool ends."""
        chance = random.Random(f'{seed} {number}')
        kind: Callable = chance.choice(KINDS)
        shutil.rmtree(self.case, ignore_errors=True)
        shutil.copytree(self.base, self.case)
        case = kind(self, chance)
        before = set(self._files(case))
        code, errors, megabytes, seconds = run_forked(case.command, self.case)
        wrong = judge(code, errors, megabytes, seconds)
        left = [*set(self._files(case)) - before]
        if left:
            wrong = f'has written {left[:3]}'
        command = ' '.join(map(str, case.command))
        return kind.__name__, wrong and f'{wrong}\n  {command[:300]}'

    def _files(self, case: Case) -> Iterator[str]:
        for path in self.case.rglob('*'):
            name = path.relative_to(self.case).as_posix()
            if name.split('/')[0] not in case.outputs:
                yield name


KINDS = [
    *(Fuzzer.annotations, Fuzzer.thresholds, Fuzzer.coco),
    *(Fuzzer.maps, Fuzzer.checkpoint, Fuzzer.options),
]


def run_forked(command: list[str], folder: Path) -> tuple[int, str, float, float]:
    """Exit code, printed errors, peak memory in MiB and seconds of a tool in a fork."""
    reading, writing = os.pipe()
    start = time.monotonic()
    if not (pid := os.fork()):
        os.close(reading)
        signal.alarm(SECONDS + 1)
        torch.set_num_threads(1)  # or threads of the fork may make the pool at once
        try:
            process = run_tool(*command, folder=folder)
            code, errors = process.returncode, process.stderr
        except BaseException:
            code, errors = 1, traceback.format_exc()
        with os.fdopen(writing, 'w', errors='replace') as file:
            file.write(f'{code}\n{errors}')
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, errors='replace') as file:
        code, _, errors = file.read().partition('\n')
    *_, usage = os.wait4(pid, 0)
    return int(code or -1), errors, usage.ru_maxrss / 1024, time.monotonic() - start


def judge(code: int, errors: str, megabytes: float, seconds: float) -> Optional[str]:
    """Say what is wrong with the end of a tool, None if nothing is."""
    if code == -1:
        return f'was killed after {seconds:.0f} s'
    if megabytes > MEGABYTES:
        return f'took {megabytes:.0f} MiB'
    lines = errors.splitlines() or ['']
    if 'Traceback (most recent call last)' in errors or code not in (0, 1, 2):
        return f'ended with {code}: {lines[-1][:300]}'
    if code == 2 and (len(lines[-1]) >= CHARACTERS or '.py: ' not in lines[-1]):
        return f'said {lines[-1][:500]}'
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cases', type=int, default=1000)
    parser.add_argument('--first', type=int, default=0)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    import_all()
    counts, bad = Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(Path(folder))
        for number in range(args.first, args.first + args.cases):
            kind, wrong = fuzzer.run(number, args.seed)
            counts[kind] += 1
            if wrong:
                bad += 1
                print(f'case {number}, {kind}: {wrong}', flush=True)
    print(f'{args.cases} cases, {bad} of them ended badly: {dict(counts)}')
    raise SystemExit(bad > 0)


if __name__ == '__main__':
    main()
