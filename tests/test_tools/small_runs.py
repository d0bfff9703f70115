"""Runs tools as real processes, on data so small that they take seconds."""

import os
import subprocess
import sys
from pathlib import Path

from cluster import free_port

from mmccam.datasets.demo.generate import generate_demo

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/nlccam_demo.py'


class Tools:
    """Runs tools on a small demo set of 24 training, 12 val and 12 test images."""

    def __init__(self, folder):
        self.folder = folder
        self.data = generate_demo(folder / 'data', num_train=2, num_val=1, num_test=1)
        self.checkpoint = folder / 'work_dir/epoch_2.pth'
        # Scripts start the Python of these tests.
        self.path = f'{Path(sys.executable).parent}:{os.environ["PATH"]}'

    def __call__(self, tool, *args, options=(), work_dir='work_dir', env=None):
        """Run a tool in the folder; its process."""
        loaders = [f'{split}_dataloader' for split in ('train', 'val', 'test')]
        shell = 'bash' if tool.endswith('.sh') else sys.executable
        return subprocess.run(
            [shell, str(ROOT / 'tools' / tool), *map(str, args)]
            + ['--work-dir', str(self.folder / work_dir), '--cfg-options']
            + [f'{loader}.dataset.data_root={self.data}' for loader in loaders]
            + [f'{loader}.num_workers=0' for loader in loaders]
            + [f'{loader}.persistent_workers=False' for loader in loaders]
            + ['train_dataloader.batch_size=12', *options],
            cwd=self.folder,
            env={
                **os.environ,
                'OMP_NUM_THREADS': '1',
                'PATH': self.path,
                'PORT': str(free_port()),
                **(env or {}),
            },
            capture_output=True,
            text=True,
        )

    def checked(self, *args, **kwargs):
        """Run a tool that must succeed; what it has printed."""
        return self.output(self(*args, **kwargs))

    @staticmethod
    def output(process):
        """What a process has printed, which must have succeeded."""
        assert process.returncode == 0, process.stderr[-3000:]
        return process.stdout + process.stderr


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), 'w')
