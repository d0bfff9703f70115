import os
from pathlib import Path

# Tests run side by side, and small operations would wait for each other's threads.
os.environ.setdefault('OMP_NUM_THREADS', '1')

import pytest
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope

DATA = Path(__file__).parent / 'data'
SHARED = Path(__file__).resolve().parents[2] / 'shared'


@pytest.fixture(scope='session', autouse=True)
def quiet_logger():
    """Keep mmengine's default logger to warnings, and bound to no test's capture."""
    MMLogger.get_instance('mmengine', log_level='WARNING')


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    """Build as under a config of mmpretrain, whatever scope another test has left."""
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


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
