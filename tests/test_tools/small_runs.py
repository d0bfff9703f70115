"""Runs tools, on data so small that they take seconds."""

import io
import os
import runpy
import subprocess
import sys
import tempfile
from collections import OrderedDict
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import fork_server
from cluster import free_port
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer
from mmpretrain.visualization import UniversalVisualizer

from mmccam.checkpoints.loading import restrict_checkpoint_loading
from mmccam.datasets.demo import generate_demo

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'tests/test_tools/small_config.py'
# What a process has one of by name: runs of one second have one name.
NAMED = (DefaultScope, MessageHub, UniversalVisualizer, Visualizer)


def run_tool(tool, *arguments, folder='.', loggers=()):
    """Run a tool in this process; its exit code and what it has printed."""
    path = ROOT / 'tools' / tool
    code, out, err = 0, io.StringIO(), io.StringIO()
    with ExitStack() as stack:
        for kind in NAMED:
            stack.enter_context(patch.object(kind, '_instance_dict', OrderedDict()))
        # Tracebacks of wrong parts.
        place = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(patch.object(tempfile, 'tempdir', place))
        loggers = OrderedDict(loggers)
        stack.enter_context(patch.object(MMLogger, '_instance_dict', loggers))
        argv = [str(path), *map(str, arguments)]
        stack.enter_context(patch.object(sys, 'argv', argv))
        # As Python does for a script.
        stack.enter_context(patch.object(sys, 'path', [str(path.parent), *sys.path]))
        stack.enter_context(patch.dict(os.environ))
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        stack.callback(restrict_checkpoint_loading)
        stack.callback(os.chdir, os.getcwd())
        os.chdir(folder)
        try:
            runpy.run_path(str(path), run_name='__main__')
        except SystemExit as end:
            code = end.code or 0
    texts = dict(stdout=out.getvalue(), stderr=err.getvalue())
    return SimpleNamespace(returncode=code, **texts)


class Tools:
    """Runs tools on a small demo set of 12 images in each split."""

    def __init__(self, folder):
        self.folder = folder
        self.data = generate_demo(folder / 'data', num_train=1, num_val=1, num_test=1)
        self.checkpoint = folder / 'work_dir/epoch_2.pth'

    def __call__(self, tool, *args, options=(), work_dir='work_dir', env=()):
        """Run a tool in the folder: in this process, unless it is a script of bash."""
        loaders = [f'{split}_dataloader' for split in ('train', 'val', 'test')]
        arguments = [
            *map(str, args),
            *('--work-dir', str(self.folder / work_dir), '--cfg-options'),
            *(f'{loader}.dataset.data_root={self.data}' for loader in loaders),
            *(f'{loader}.num_workers=0' for loader in loaders),
            *(f'{loader}.persistent_workers=False' for loader in loaders),
            *('train_dataloader.batch_size=6', *options),
        ]
        if tool.endswith('.py'):
            return run_tool(tool, *arguments, folder=self.folder)
        return subprocess.run(
            ['bash', str(ROOT / 'tools' / tool), *arguments],
            cwd=self.folder,
            env={**fork_server.environment(), 'PORT': str(free_port()), **dict(env)},
            capture_output=True,
            text=True,
        )

    def checked(self, *args, **kwargs):
        """Run a tool that must succeed; what it has printed."""
        return self.output(self(*args, **kwargs))

    def refused(self, *args, **kwargs):
        """Run a tool that must end with exit code 2; the last line of its errors."""
        process = self(*args, **kwargs)
        assert process.returncode == 2, process.stdout[-3000:]
        return process.stderr.splitlines()[-1]

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
