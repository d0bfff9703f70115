"""Combinational class activation maps for OpenMMLab.

Importing this package registers its parts under the scope ``mmccam``, and its configs
in mmpretrain's hub. **It also restricts how checkpoints are loaded in this process**:
each checkpoint that mmengine loads, of any project, may hold tensors, plain Python and
what mmengine itself saves. A file that could run code is refused.
:func:`trust_checkpoints` lifts the restriction.

With torch 2.6 or newer, ``torch.load(weights_only=True)`` reads mmengine's checkpoints
after the import. Without it, torch refuses them.
"""

from ._on_import import __version__, check_dependencies, register_configs

check_dependencies()

from . import apis, datasets, evaluation, models, visualization
from .apis import CCAMInferencer
from .checkpoints.loading import restrict_checkpoint_loading, trust_checkpoints

restrict_checkpoint_loading()
register_configs()

__all__ = [
    'CCAMInferencer',
    '__version__',
    'apis',
    'datasets',
    'evaluation',
    'models',
    'trust_checkpoints',
    'visualization',
]
