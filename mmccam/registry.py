"""The registries of mmccam, all with the scope ``mmccam``.

They are children of mmengine's, ``BATCH_AUGMENTS`` of mmpretrain's. ``TASK_UTILS``
holds the combination functions g(k), ``FUNCTIONS`` the box rules. Parts of mmpretrain
are found here only under its default scope. Without one, its own registry builds our
configs: ``mmpretrain.registry.MODELS.build(cfg.model)``.
"""

from ._on_import import check_dependencies

check_dependencies()

from mmengine import registry as mmengine_registry
from mmengine.registry import Registry
from mmpretrain import registry as mmpretrain_registry


def kind_of(part: dict) -> str:
    """The name of the class of a part of a config, without its scope."""
    kind = part.get('type')
    return getattr(kind, '__name__', str(kind).rpartition('.')[2])


def _child(parent: Registry, *places: str) -> Registry:
    return Registry(parent.name, parent=parent, scope='mmccam', locations=list(places))


MODELS = _child(mmengine_registry.MODELS, 'mmccam.models')
BATCH_AUGMENTS = _child(mmpretrain_registry.BATCH_AUGMENTS, 'mmccam.models')
TASK_UTILS = _child(mmengine_registry.TASK_UTILS, 'mmccam.models')
FUNCTIONS = _child(mmengine_registry.FUNCTIONS, 'mmccam.evaluation')
DATASETS = _child(mmengine_registry.DATASETS, 'mmccam.datasets')
TRANSFORMS = _child(mmengine_registry.TRANSFORMS, 'mmccam.datasets')
METRICS = _child(mmengine_registry.METRICS, 'mmccam.evaluation')
OPTIM_WRAPPERS = _child(mmengine_registry.OPTIM_WRAPPERS, 'mmccam.engine')
HOOKS = _child(mmengine_registry.HOOKS, 'mmccam.engine', 'mmccam.visualization.hooks')
