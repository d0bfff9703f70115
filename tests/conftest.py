import os
import sys
import tempfile
from pathlib import Path

# Tests run side by side, and small operations would wait for each other's threads.
os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')

import fork_server
import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope

from mmccam import whole_files

DATA = Path(__file__).parent / 'data'
SHARED = Path(__file__).resolve().parents[2] / 'shared'


def pytest_configure(config):
    """Start one server of programs for all processes of these tests."""
    if not hasattr(config, 'workerinput') and sys.platform == 'linux':
        folder = tempfile.TemporaryDirectory()
        server = fork_server.start_server(Path(folder.name))
        config.add_cleanup(folder.cleanup)
        config.add_cleanup(server.wait)
        config.add_cleanup(server.kill)
        os.environ['TEST_PROGRAMS'] = folder.name


def pytest_collection_modifyitems(config, items):
    """Without a GPU leave out the tests that need one; skip them if asked for."""
    if 'PYTEST_XDIST_WORKER' in os.environ:
        items.sort(key=place)
    if torch.cuda.is_available():
        return
    marked = [item for item in items if item.get_closest_marker('cuda')]
    if 'cuda' in config.option.markexpr:
        for item in marked:
            item.add_marker(pytest.mark.skip(reason='there is no GPU'))
    else:
        items[:] = [item for item in items if item not in marked]
        config.hook.pytest_deselected(items=marked)


def place(item):
    """Have several processes begin with what is slow, the pages at its end."""
    if not item.get_closest_marker('slow'):
        return 2
    return int(item.path.parent.name == 'test_docs')


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Run the tests of a group in one process, which shares what takes long."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group(nodeid)

    return Groups(config, log)


def group(nodeid):
    """Group tests by file, and those that use one trained network; no pages."""
    path = Path(nodeid.partition('::')[0])
    if path.parent.name == 'test_docs':
        return nodeid
    is_trained = path.parent.name == 'test_tools' and path.stem != 'test_kill'
    return str(path.parent if is_trained else path)


@pytest.fixture(scope='session', autouse=True)
def quiet_logger():
    """Keep mmengine's default logger to warnings, and bound to no test's capture."""
    from stack import read_configs_quickly

    read_configs_quickly()
    MMLogger.get_instance('mmengine', log_level='WARNING')


@pytest.fixture(scope='module', autouse=True)
def loggers_of_module():
    """Forget the loggers of a module's runs: errors are logged to the last one."""
    before = MMLogger._instance_dict.copy()
    yield
    MMLogger._instance_dict.clear()
    MMLogger._instance_dict.update(before)


@pytest.fixture(scope='module', autouse=True)
def mmpretrain_scope_of_module():
    """Build as under a config of mmpretrain, in fixtures of a module too."""
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


@pytest.fixture(autouse=True)
def mmpretrain_scope(mmpretrain_scope_of_module):
    """Do so whatever scope another test has left."""
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


@pytest.fixture
def full_disk(monkeypatch):
    """Have the disk full when a file of a certain name is written."""
    if not Path('/dev/full').exists():
        pytest.skip('there is no /dev/full')

    def full_disk(name):
        def open_full(path, mode):
            is_full = path.name.startswith(f'{name}.')
            return open('/dev/full' if is_full else path, mode)

        monkeypatch.setattr(whole_files, 'open', open_full, raising=False)

    return full_disk


@pytest.fixture
def small_disk():
    """Let no file of this process become larger than so many bytes."""
    resource = pytest.importorskip('resource')
    former = resource.getrlimit(resource.RLIMIT_FSIZE)

    def small_disk(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))

    yield small_disk
    resource.setrlimit(resource.RLIMIT_FSIZE, former)


@pytest.fixture
def shared() -> Path:
    """The directory `shared` beside the clone, with data and reference values."""
    if not SHARED.is_dir():
        pytest.skip('there is no directory ../shared beside the clone')
    return SHARED


@pytest.fixture(params=['tests/data', '../shared/golden'])
def golden(request) -> Path:
    """Directories of reference values: a part of them here, all in ../shared."""
    if request.param == 'tests/data':
        return DATA
    return request.getfixturevalue('shared') / 'golden'


@pytest.fixture
def custom_images(tmp_path, monkeypatch):
    """A folder with the class names that the configs for own images read."""
    (tmp_path / 'classes.txt').write_text('\n'.join('abcdefghijkl'))
    monkeypatch.setenv('MMCCAM_DATA_ROOT', str(tmp_path))
    return tmp_path


@pytest.fixture
def use_tf32():
    """Let a GPU multiply float32 with the 10 digits of TF32 in a test, or not."""
    backends = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [backend.allow_tf32 for backend in backends]

    def use_tf32(allowed):
        for backend in backends:
            backend.allow_tf32 = allowed

    yield use_tf32
    for backend, was_allowed in zip(backends, before):
        backend.allow_tf32 = was_allowed
