import re
import sys
from importlib import metadata
from types import ModuleType

import pytest

from mmccam import dependencies
from mmccam.dependencies import check_dependencies

FITTING = {
    'torch': '2.14.1+cu130',
    'mmengine': '0.10.7',
    'mmcv': '2.2.0',
    'mmpretrain': '1.2.0',
}
FORKS = {'mmengine': '0.10.12', 'mmcv': '2.3.6', 'mmpretrain': '1.3.6'}


@pytest.fixture
def install(monkeypatch):
    """Replace what is installed by fake modules and distributions."""

    def install(modules, distributions=()):
        for name, version in {**FITTING, 'pkg_resources': '', **modules}.items():
            module = ModuleType(name)
            module.__version__ = version
            module.__spec__ = 'found'
            # None is how Python itself marks a module that cannot be imported.
            monkeypatch.setitem(sys.modules, name, module if version != 'no' else None)

        def distribution_version(name):
            if name not in dict(distributions):
                raise metadata.PackageNotFoundError(name)
            return dict(distributions)[name]

        monkeypatch.setattr(metadata, 'version', distribution_version)

    return install


@pytest.mark.parametrize(
    'modules',
    [
        {},
        {'torch': '2.1.0', 'mmengine': '0.10.5', 'mmcv': '2.1.0'},
        {'torch': '2.15.0.dev20260101+cpu', 'mmcv': '2.2.0rc1'},
        FORKS,
    ],
)
def test_fitting_versions_pass(install, modules):
    install(modules)
    check_dependencies()


@pytest.mark.parametrize('name', FITTING)
def test_missing(install, name):
    install({name: 'no'})
    wanted = dependencies.REQUIRED[name]
    message = (
        f'mmccam needs {name}{wanted}, but none is installed: '
        "pip install 'mmccam[lite]' brings one that fits."
    )
    with pytest.raises(ImportError, match=f'^{re.escape(message)}$'):
        check_dependencies()


@pytest.mark.parametrize(
    ('name', 'version'),
    [
        ('torch', '2.0.1'),
        ('torch', '3.0.0'),
        ('mmengine', '0.10.4'),
        ('mmengine', '0.11.0'),
        ('mmcv', '1.7.2'),
        ('mmcv', '2.0.1'),
        ('mmcv', '2.4.0'),
        ('mmpretrain', '1.1.1'),
        ('mmpretrain', '2.0.0'),
    ],
)
def test_too_old_or_too_new(install, name, version):
    install({name: version})
    wanted = dependencies.REQUIRED[name]
    message = (
        f'mmccam needs {name}{wanted}, but {name} {version} is installed: '
        "pip install 'mmccam[lite]' brings one that fits."
    )
    with pytest.raises(ImportError, match=f'^{re.escape(message)}$'):
        check_dependencies()


@pytest.mark.parametrize(
    ('distribution', 'extra'),
    [('mmcv', 'mim'), ('onedl-mmcv', 'onedl'), ('mmcv-lite', 'lite')],
)
def test_suggested_extra_keeps_the_installed_mmcv(install, distribution, extra):
    install({'mmpretrain': 'no'}, {distribution: '2.2.0'})
    with pytest.raises(ImportError, match=rf"'mmccam\[{extra}\]'"):
        check_dependencies()


def test_a_module_without_version_counts_as_missing(install, monkeypatch):
    install({})
    monkeypatch.setitem(sys.modules, 'mmcv', ModuleType('mmcv'))
    with pytest.raises(ImportError, match='needs mmcv.*, but none is installed'):
        check_dependencies()


def test_the_error_of_a_broken_package_is_kept(install, monkeypatch, tmp_path):
    install({})
    (tmp_path / 'mmcv.py').write_text('import addict_that_is_not_there')
    monkeypatch.delitem(sys.modules, 'mmcv')
    monkeypatch.setattr(sys, 'path', [str(tmp_path), *sys.path])
    with pytest.raises(ModuleNotFoundError, match='addict_that_is_not_there'):
        check_dependencies()


@pytest.mark.parametrize('setuptools', ['82.0.1', 'none'])
def test_missing_pkg_resources(install, setuptools):
    found = {} if setuptools == 'none' else {'setuptools': setuptools}
    install({'pkg_resources': 'no'}, found)
    message = rf"mmengine 0\.10\.7 .*but found is {setuptools}: .*'setuptools<82'"
    with pytest.raises(ImportError, match=message):
        check_dependencies()


def test_the_fork_needs_no_pkg_resources(install):
    install({**FORKS, 'pkg_resources': 'no'}, {'setuptools': '82.0.1'})
    check_dependencies()


def test_what_is_installed_here_fits():
    check_dependencies()
