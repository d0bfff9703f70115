"""What two runs that are the same must have in common."""

import numpy as np
from mmengine.logging import HistoryBuffer

from mmccam.checkpoints.allowed import load_restricted

# Paths and names of the run, its clock, and counts that are in `meta`, too.
OF_THE_RUN = {'cfg', 'experiment_name', 'last_ckpt', 'best_ckpt'}
OF_THE_RUN |= {'eta', 'epoch', 'iter'}
CLOCKS = {'train/time', 'train/data_time', 'val/time', 'val/data_time'}


def read_state(path):
    """Read all of a checkpoint that does not depend on the clock or the folder."""
    checkpoint = load_restricted(path, map_location='cpu')
    meta, hub = checkpoint.pop('meta'), checkpoint.pop('message_hub')
    scalars, info = hub['log_scalars'], hub['runtime_info']
    return dict(
        checkpoint,
        place={key: meta[key] for key in ('epoch', 'iter', 'seed')},
        scalars={key: scalars[key] for key in sorted(set(scalars) - CLOCKS)},
        info={key: info[key] for key in sorted(set(info) - OF_THE_RUN)},
    )


def assert_same_state(actual, expected, where=''):
    """Compare to the last bit."""
    assert type(actual) is type(expected), where
    if isinstance(expected, HistoryBuffer):
        actual, expected = vars(actual), vars(expected)
    if isinstance(expected, dict):
        assert list(actual) == list(expected), where
        for key in expected:
            assert_same_state(actual[key], expected[key], f'{where}.{key}')
    elif isinstance(expected, (list, tuple)):
        assert len(actual) == len(expected), where
        for index, (one, other) in enumerate(zip(actual, expected)):
            assert_same_state(one, other, f'{where}[{index}]')
    else:
        actual, expected = np.asarray(actual), np.asarray(expected)
        np.testing.assert_array_equal(actual, expected, err_msg=where)
        assert actual.dtype == expected.dtype, where


def files(folder):
    return sorted(path.name for path in folder.glob('*.pth*'))


def assert_same_files(folder, expected):
    assert files(folder) == files(expected)
    for name in files(expected):
        assert_same_state(read_state(folder / name), read_state(expected / name))
