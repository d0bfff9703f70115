"""What the tools show on the console; the log file of a run has everything.

To import this module silences the ``WARNINGS``, for which the tools import it before
the packages that give them. Python's option ``-W default`` shows them all the same.
"""

import logging
import warnings

# Warnings of other packages that a user can do nothing about, as they begin.
WARNINGS = (
    # mmcv-lite has no compiled operators, and mmccam needs none.
    'Fail to import ``MultiScaleDeformableAttention``',
    # mmengine imports it to resolve `_base_ = 'mmpretrain::...'`.
    'pkg_resources is deprecated',
    # mmpretrain's VGG has these biases, as its pretrained weights have them.
    'Unnecessary conv bias before batch/instance norm',
)
# What mmengine logs, as it begins.
FOR_THE_LOG_FILE = (
    # What a run can be repeated with, some hundred lines at each start.
    'System environment:',
    'Config:',
    'Hooks will be executed in the following order:',
    # Said of each model, whether it has such layers or not.
    'Distributed training is not used, all SyncBatchNorm',
    # The name of the log file again, after each epoch.
    'Exp name:',
    # mmengine's own hooks use them.
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias of "LocalBackend"',
)

for warning in WARNINGS:
    # Behind the filters that are there, so that the user's own prevail.
    warnings.filterwarnings('ignore', warning, append=True)


def is_shown(record: logging.LogRecord) -> bool:
    """Whether a record of mmengine's logger is of use on the console.

    The numbers of a test are shown by the tools, as tables.
    """
    is_result = (record.module, record.funcName) == ('logger_hook', 'after_test_epoch')
    text = record.getMessage().lstrip('\n-')
    return not is_result and not text.startswith(FOR_THE_LOG_FILE)
