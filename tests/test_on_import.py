"""The versions that importing mmccam checks."""

import importlib.util
import re
from importlib import metadata

import pytest

import mmccam
from mmccam import _on_import
from mmccam._on_import import check_dependencies

FITTING = {
    'torch': '2.14.1+cu130',
    'mmengine': '0.10.7',
    'mmcv': '2.2.0',
    'mmpretrain': '1.2.0',
    'setuptools': '80.1.0',
}
FORKS = {
    'setuptools': '82.0.1',
    'torch': '2.14.1',
    'onedl-mmengine': '0.10.12',
    'onedl-mmcv': '2.3.6',
    'onedl-mmpretrain': '1.3.6',
}


@pytest.fixture
def install(monkeypatch):
    """Replace what is installed by the versions of some distributions."""

    def install(distributions, pkg_resources=True):
        def version(name):
            if name not in distributions:
                raise metadata.PackageNotFoundError(name)
            return distributions[name]

        monkeypatch.setattr(metadata, 'version', version)
        monkeypatch.setattr(_on_import, 'find_spec', lambda name: pkg_resources or None)

    return install


def without(name):
    return {key: value for key, value in FITTING.items() if key != name}


@pytest.mark.parametrize(
    ('distributions', 'pkg_resources'),
    [
        (FITTING, True),
        ({**FITTING, 'torch': '2.1.0', 'mmengine': '0.10.5', 'mmcv': '2.1.0'}, True),
        ({**FITTING, 'torch': '2.15.0.dev20260101+cpu', 'mmcv': '2.2.0rc1'}, True),
        ({**without('mmcv'), 'mmcv-lite': '2.2.0'}, True),
        (FORKS, False),
    ],
)
def test_fitting_versions_pass(install, distributions, pkg_resources):
    install(distributions, pkg_resources)
    check_dependencies()


def test_the_version_is_that_of_what_is_installed():
    assert mmccam.__version__ == metadata.version('mmccam')


def test_a_copy_that_is_not_installed_has_no_version(install):
    install({})
    spec = importlib.util.spec_from_file_location('copy', _on_import.__file__)
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    assert copy.__version__ == '0+unknown'


@pytest.mark.parametrize(
    ('name', 'version'),
    [
        *((name, None) for name in _on_import.REQUIRED),
        *(('torch', '2.0.1'), ('torch', '3.0.0'), ('mmengine', '0.10.4')),
        *(('mmengine', '0.11.0'), ('mmcv', '2.0.1'), ('mmcv', '2.4.0')),
        *(('mmpretrain', '1.1.1'), ('mmpretrain', '2.0.0')),
    ],
)
def test_missing_too_old_or_too_new(install, name, version):
    install({**FITTING, name: version} if version else without(name))
    state = f'{name} {version} is' if version else 'none is'
    wanted = re.escape(_on_import.REQUIRED[name][0])
    message = f'^mmccam needs {name}{wanted}, but {state} installed: pip install '
    with pytest.raises(ImportError, match=message):
        check_dependencies()


@pytest.mark.parametrize(
    ('distribution', 'extra'),
    [('mmcv', 'mim'), ('onedl-mmcv', 'onedl'), ('mmcv-lite', 'lite')],
)
def test_suggested_extra_keeps_the_installed_mmcv(install, distribution, extra):
    install({'torch': '2.14.1', 'mmengine': '0.10.7', distribution: '2.2.0'})
    message = rf"pip install 'mmccam\[{extra}\]' brings one that fits\.$"
    with pytest.raises(ImportError, match=message):
        check_dependencies()


@pytest.mark.parametrize('setuptools', ['82.0.1', 'none'])
def test_missing_pkg_resources(install, setuptools):
    found = {} if setuptools == 'none' else {'setuptools': setuptools}
    install({**without('setuptools'), **found}, pkg_resources=False)
    message = rf"mmengine 0\.10\.7 .*but found is {setuptools}: .*'setuptools<82'"
    with pytest.raises(ImportError, match=message):
        check_dependencies()


def test_where_the_stack_does_not_fit_mmengine_stays_as_it_is(install):
    install(without('mmpretrain'))
    with pytest.warns(
        UserWarning, match='^mmccam registers no parts: mmccam needs mmp'
    ):
        _on_import._restrict_loading()
    with pytest.raises(ImportError, match='^mmccam needs mmpretrain'):
        mmccam.CCAMInferencer  # noqa: B018


def test_all_names_are_found_and_listed():
    assert set(mmccam.__all__) <= set(dir(mmccam))
    assert all(getattr(mmccam, name) is not None for name in dir(mmccam))
    with pytest.raises(AttributeError, match="'mmccam' has no attribute 'no_such'"):
        mmccam.no_such  # noqa: B018
