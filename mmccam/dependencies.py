"""Versions of the packages that mmccam stands on, checked before their first use."""

from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Optional

from packaging.specifiers import SpecifierSet
from packaging.version import Version

# Keyed by import name, since mmcv, mmcv-lite and onedl-mmcv all are `mmcv`. The
# ranges span what the extras of setup.py install, the onedl forks with them.
REQUIRED = {
    'torch': '>=2.1,<3',
    'mmengine': '>=0.10.5,<0.11',
    'mmcv': '>=2.1,<2.4',
    'mmpretrain': '>=1.2,<2',
}


def check_dependencies() -> None:
    """Check that torch, mmengine, mmcv and mmpretrain are there and fit.

    Raises:
        ImportError: A package is missing, too old or too new, or setuptools is
            too new for the installed mmengine.
    """
    for name, wanted in REQUIRED.items():
        check_package(name, wanted)
    check_pkg_resources()


def check_package(name: str, wanted: str) -> None:
    """Import a package and check its version.

    Args:
        name: Import name of the package.
        wanted: Version range, such as ``'>=2.1,<2.4'``.

    Raises:
        ImportError: The package is missing, or its version is not in the range.
    """
    found = _module_version(name)
    # Prereleases count: nightly builds and release candidates are in use.
    if found is None or not SpecifierSet(wanted).contains(found, prereleases=True):
        state = f'{name} {found} is' if found else 'none is'
        raise ImportError(
            f'mmccam needs {name}{wanted}, but {state} installed: '
            f"pip install 'mmccam[{_fitting_extra()}]' brings one that fits."
        )


def check_pkg_resources() -> None:
    """Check that mmengine can resolve ``_base_ = 'mmpretrain::...'``.

    Raises:
        ImportError: mmengine needs ``pkg_resources`` and it is missing.
    """
    mmengine = _module_version('mmengine')
    # The fork, from 0.10.12 on, does without. Looked up, not imported: the
    # import is slow and warns.
    if Version(mmengine) >= Version('0.10.12') or find_spec('pkg_resources'):
        return
    found = _distribution_version('setuptools') or 'none'
    raise ImportError(
        f"mmengine {mmengine} needs pkg_resources for `_base_ = 'mmpretrain::...'`, "
        f'which setuptools has up to version 81, but found is {found}: '
        "pip install 'setuptools<82' brings it."
    )


def _module_version(name: str) -> Optional[str]:
    """Import a package and get its version, ``None`` if it is not there."""
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:  # it is there, but lacks a package itself
            raise
        return None
    # Folders left behind by an uninstallation import, but have no version.
    return getattr(module, '__version__', None)


def _distribution_version(name: str) -> Optional[str]:
    """Get the version of a distribution, ``None`` if it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _fitting_extra() -> str:
    """Get the extra with the mmcv that is installed: another would break it."""
    for distribution, extra in (('onedl-mmcv', 'onedl'), ('mmcv', 'mim')):
        if _distribution_version(distribution):
            return extra
    return 'lite'
