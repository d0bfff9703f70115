"""What importing mmccam does: checks of versions, and what OpenMMLab is told."""

import logging
import sys
import warnings
from contextlib import suppress
from importlib import import_module, metadata
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Optional

# By import name: versions that span the extras of setup.py, and distributions.
REQUIRED = {
    'torch': ('>=2.1,<3', ['torch']),
    'mmengine': ('>=0.10.5,<0.11', ['mmengine', 'mmengine-lite', 'onedl-mmengine']),
    'mmcv': ('>=2.1,<2.4', ['mmcv', 'mmcv-lite', 'onedl-mmcv']),
    'mmpretrain': ('>=1.2,<2', ['mmpretrain', 'onedl-mmpretrain']),
}


def installed_version(*distributions: str) -> Optional[str]:
    """The version of the first of these distributions that is installed, if any is."""
    for distribution in distributions:
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(distribution)
    return None


# A copy of the package that was never installed has no version.
__version__ = installed_version('mmccam') or '0+unknown'


def check_dependencies() -> None:
    """Check that the ``REQUIRED`` packages are installed and fit, else ImportError."""
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    for name, (wanted, distributions) in REQUIRED.items():
        found = installed_version(*distributions)
        # Prereleases count: nightly builds and release candidates are in use.
        if found is None or not SpecifierSet(wanted).contains(found, prereleases=True):
            state = f'{name} {found} is' if found else 'none is'
            # The extra with the mmcv that is installed: another would overwrite it.
            mmcvs = {'onedl-mmcv': 'onedl', 'mmcv': 'mim'}
            extras = [mmcvs[mmcv] for mmcv in mmcvs if installed_version(mmcv)]
            raise ImportError(
                f'mmccam needs {name}{wanted}, but {state} installed: pip install '
                f"'mmccam[{[*extras, 'lite'][0]}]' brings one that fits."
            )
    mmengine = installed_version(*REQUIRED['mmengine'][1])
    # The fork, from 0.10.12 on, does without. To import it is slow and warns.
    if Version(mmengine) < Version('0.10.12') and not find_spec('pkg_resources'):
        raise ImportError(
            f"mmengine {mmengine} needs pkg_resources for `_base_ = 'mmpretrain::...'`"
            ', which setuptools has up to version 81, but found is '
            f"{installed_version('setuptools') or 'none'}: pip install 'setuptools<82' "
            'brings it.'
        )


def join_openmmlab() -> None:
    """Restrict mmengine's loading and fill mmpretrain's hub, once each is imported.

    That is now if it has been imported already, else right after its import. So the
    order of imports does not matter, and who needs neither does not wait for them.
    """
    actions = {
        'mmengine.runner': _restrict_loading,
        'mmpretrain.apis': register_configs,
    }
    for name in [name for name in actions if sys.modules.get(name)]:
        actions.pop(name)()
    sys.meta_path.insert(0, _AfterImport(actions))


class _AfterImport(MetaPathFinder):
    """Calls an action right after a submodule is imported, for each name."""

    def __init__(self, actions: dict[str, Callable[[], None]]) -> None:
        self.actions = actions

    def find_spec(
        self, name: str, path: Any, target: Any = None
    ) -> Optional[ModuleSpec]:
        spec = PathFinder.find_spec(name, path) if name in self.actions else None
        if spec is not None:
            run = spec.loader.exec_module

            def run_and_act(module: ModuleType) -> None:
                run(module)
                self.actions[name]()

            spec.loader.exec_module = run_and_act
        return spec


def _restrict_loading() -> None:
    try:
        check_dependencies()
    except ImportError as error:  # only what does without OpenMMLab can be used
        warnings.warn(f'mmccam registers no parts: {error}', stacklevel=2)
        return
    import_module('mmccam.checkpoints.loading')  # does so


_NLCCAM = 'cars cub_released cub_v2 dogs imagenet_v2 openimages30k stl10'
_FORMER = dict(vggccam='plain', ccam_vgg16='plain', cam='conv6', cam_vgg16='conv6')
# Names of models in earlier versions.
OLD_NAMES = {
    **{f'nlccam_{data}': f'nlccam_vgg16_{data}' for data in _NLCCAM.split()},
    **{f'{old}_cub': f'{name}_vgg16_cub' for old, name in _FORMER.items()},
    **{f'{old}_ilsvrc': f'{name}_vgg16_ilsvrc' for old, name in _FORMER.items()},
}


def home() -> Path:
    """The folder with ``configs``, ``tools`` and ``model-index.yml``."""
    package = Path(__file__).parent
    root = package / '.mim'
    # A clone on a system without symbolic links has files there.
    return root if (root / 'configs').is_dir() else package.parent


def register_configs() -> None:
    """Let ``mmpretrain.get_model('nlccam_cub')`` find our configs.

    If a name is in use, it keeps its model; those after it are missing, with a warning.
    """
    from mmengine.logging import print_log
    from mmpretrain.apis import ModelHub

    root = home()
    try:
        ModelHub.register_model_index(root / 'model-index.yml', config_prefix=root)
    except ValueError as error:
        print_log(f"mmpretrain's hub: {error}", 'current', logging.WARNING)
        return
    models = ModelHub._models_dict
    for old, name in OLD_NAMES.items():
        models.setdefault(old, models[name])
