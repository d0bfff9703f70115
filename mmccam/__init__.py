"""Combinational class activation maps, for OpenMMLab and for any classifier of torch.

What is here is imported at its first use. The parts of configs are registered under the
scope ``mmccam`` and found by it, as ``mmccam.CUB``; they need OpenMMLab.
:class:`TorchLocalizer`, :class:`TorchInferencer` and the functions of ``cam``,
``maps``, ``boxes`` and ``map_boxes`` do without.

Importing this package names its configs in mmpretrain's hub. **It also restricts how
checkpoints are loaded in this process**, whether mmengine is imported before or after
it: each checkpoint that mmengine loads, of any project, may hold tensors, plain Python
and what mmengine itself saves. A file that could run code is refused.
:func:`trust_checkpoints` lifts the restriction.

With torch 2.6 or newer, ``torch.load(weights_only=True)`` reads mmengine's checkpoints
after the import of both. Without it, torch refuses them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._on_import import __version__, check_dependencies, join_openmmlab

if TYPE_CHECKING:
    from . import apis, datasets, evaluation, models, visualization
    from .apis import CCAMInferencer, ImageLocalizer, TorchInferencer
    from .checkpoints.loading import trust_checkpoints
    from .torch_localizer import TorchLocalizer

__all__ = [
    'CCAMInferencer',
    'ImageLocalizer',
    'TorchInferencer',
    'TorchLocalizer',
    '__version__',
    'apis',
    'datasets',
    'evaluation',
    'models',
    'trust_checkpoints',
    'visualization',
]

_HOMES = {
    'CCAMInferencer': '.apis.inferencer',
    'ImageLocalizer': '.apis.localizer',
    'TorchInferencer': '.apis.torch_inferencer',
    'TorchLocalizer': '.torch_localizer',
    'trust_checkpoints': '.checkpoints.loading',
}
# What does without OpenMMLab, and the rest.
_PURE = (
    *('ImageLocalizer', 'TorchInferencer', 'TorchLocalizer', 'apis', 'boxes', 'cam'),
    *('components', 'largest_area', 'map_boxes', 'maps', 'onboard', 'pixels'),
    *('structures', 'torch_head', 'torch_localizer', 'whole_files'),
)
_OTHERS = (
    *('CCAMInferencer', 'checkpoints', 'datasets', 'engine', 'evaluation', 'models'),
    *('registry', 'trust_checkpoints', 'visualization'),
)


def __getattr__(name: str) -> Any:
    """Import a part of the package when it is first used (PEP 562)."""
    if name not in (*_PURE, *_OTHERS):
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    if name in _OTHERS:
        check_dependencies()
    if name not in _HOMES:
        return import_module(f'.{name}', __name__)
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PURE, *_OTHERS})


join_openmmlab()
