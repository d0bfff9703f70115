"""A clone as a reader has it after the demo, with a fast ``python``."""

import os
import shutil
import subprocess
from pathlib import Path

import fork_server
import pytest
from cluster import COMMANDS, free_port
from data_sets import lay_out
from pages import ROOT


class Clone:
    """A copy of the repository in which scripts of bash are run."""

    def __init__(self, path, environment):
        self.path = path
        self.environment = environment

    def run(self, script, seconds=600):
        """Run a script, which must succeed."""
        process = subprocess.Popen(
            ['bash'],
            cwd=self.path,
            env=dict(
                self.environment, PORT=str(free_port()), MASTER_PORT=str(free_port())
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(script, timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            output, _ = process.communicate()
        assert process.returncode == 0, output[-5000:]
        return output

    def copy(self, parent):
        """Another copy in the folder, and what lies beside this one."""
        shutil.copytree(
            self.path.parent, parent, symlinks=True, copy_function=link_or_copy
        )
        return Clone(parent / self.path.name, self.environment)


def link_or_copy(source, target):
    """Checkpoints are large, and replaced rather than changed."""
    copy = os.link if source.endswith('.pth') else shutil.copy2
    return copy(source, target)


@pytest.fixture(scope='session')
def environment(tmp_path_factory):
    """The variables of a shell that has ``python``, ``pip`` and a cluster."""
    programs = tmp_path_factory.mktemp('bin')
    files = {
        # CI builds the pages by itself, and installs what this needs.
        'sphinx-build': '#!/bin/sh\ngrep -F -- "sphinx-build $*" .ci/run\n',
        'pip': '#!/bin/sh\nexec python -m pip "$@"\n',
        'mmccam': '#!/bin/sh\nexec python -m mmccam "$@"\n',
    }
    fork_server.write_programs(programs, {**COMMANDS, **files})
    variables = {
        name: value
        for name, value in fork_server.environment().items()
        if not name.startswith(('MMCCAM_', 'PIP_', 'VIRTUAL_ENV', 'PYTEST_'))
    }
    return dict(
        variables,
        PATH=f'{programs}:{variables["PATH"]}',
        PYTHONPATH=str(ROOT),
        TEST_STAND_INS=Path(__file__).parent.name,
    )


@pytest.fixture(scope='session')
def after_the_demo(environment, tmp_path_factory):
    """A clone in which ``tools/demo.sh`` was run."""
    path = tmp_path_factory.mktemp('docs') / 'mmccam'
    tracked = ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z']
    files = subprocess.run(tracked, cwd=ROOT, capture_output=True, check=True).stdout
    for file in filter(None, files.decode().split('\0')):
        (path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, path / file, follow_symlinks=False)
    lay_out(path)
    clone = Clone(path, environment)
    clone.run('tools/demo.sh')
    return clone


@pytest.fixture
def clone(after_the_demo, tmp_path):
    return after_the_demo.copy(tmp_path / 'reader')
