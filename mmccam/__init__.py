"""Combinational class activation maps for OpenMMLab.

Importing the package registers all its parts under the scope ``mmccam``, lets
``torch.load`` read the checkpoints of mmengine, lets mmengine load no checkpoint that
could run code, and adds the configs to mmpretrain's hub.
"""

from .dependencies import check_dependencies

check_dependencies()

from . import apis, datasets, evaluation, models, visualization  # noqa: E402
from .apis import CCAMInferencer  # noqa: E402
from .engine import (  # noqa: E402
    allow_mmengine_checkpoints,
    restrict_checkpoint_loading,
)
from .hub import register_configs  # noqa: E402
from .version import __version__  # noqa: E402

allow_mmengine_checkpoints()
restrict_checkpoint_loading()
register_configs()

__all__ = [
    'CCAMInferencer',
    '__version__',
    'apis',
    'datasets',
    'evaluation',
    'models',
    'visualization',
]
