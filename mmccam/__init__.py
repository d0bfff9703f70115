"""Combinational class activation maps for OpenMMLab.

Importing the package registers all its parts under the scope ``mmccam`` and lets
``torch.load`` read the checkpoints of mmengine.
"""

from .dependencies import check_dependencies

check_dependencies()

from . import datasets, evaluation, models, visualization  # noqa: E402
from .engine import allow_mmengine_checkpoints  # noqa: E402
from .version import __version__  # noqa: E402

allow_mmengine_checkpoints()

__all__ = ['__version__', 'datasets', 'evaluation', 'models', 'visualization']
