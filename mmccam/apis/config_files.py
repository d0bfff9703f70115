"""Files of configs: found by their names, and read with texts as types."""

from collections.abc import Iterable
from copy import deepcopy
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any, Union

import mmengine.registry
import mmpretrain.registry
from mmengine.config import Config
from mmengine.config.lazy import LazyAttr, LazyObject
from mmengine.registry import Registry

from .._on_import import OLD_NAMES, home

# Those of mmengine, and of mmpretrain what has no parent.
ROOTS = [
    registry
    for module in (mmengine.registry, mmpretrain.registry)
    for registry in vars(module).values()
    if isinstance(registry, Registry) and registry.parent is None
]


def our_configs() -> dict[str, Path]:
    """The files of our configs by their names, also by those of earlier versions."""
    root = home() / 'configs'
    files = {
        path.stem: path
        for path in sorted(root.rglob('*.py'))
        if '_base_' not in path.relative_to(root).parts
    }
    return {**{old: files[name] for old, name in OLD_NAMES.items()}, **files}


def find_config(config: Union[str, PathLike]) -> Path:
    """Find a config by its path or, if it is one of ours, by its name.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is not a regular file.
    """
    path = Path(config)
    if path.is_file():
        return path
    ours = our_configs()
    if str(config) in ours:
        return ours[str(config)]
    if path.exists():
        raise ValueError(f'the config {config} is not a regular file')
    raise unknown_config(config, ours)


def unknown_config(
    config: Union[str, PathLike], names: Iterable[str]
) -> FileNotFoundError:
    """The error of a config that is not there, with the nearest of known names."""
    near = get_close_matches(Path(config).stem, sorted(names), n=3, cutoff=0)
    return FileNotFoundError(
        f'there is no config {config}, neither a file nor one by this name; the '
        f'nearest names are {", ".join(near)}'
    )


def with_texts(config: Config) -> Config:
    """A copy of a config in which each ``type`` that is a class is a text.

    Configs of mmengine's new style import the classes that others name. With the names
    in registries the two are the same for all that reads them, and in all files. A
    class without such a name is named by its module. What was imported is omitted.
    """
    values = dict.items(config._cfg_dict)
    values = {key: v for key, v in values if key not in config._imported_names}
    copy = Config(deepcopy(values), filename=config.filename)
    _name_types(copy._cfg_dict, copy.get('default_scope', 'mmengine'))
    return copy


def _name_types(part: Any, scope: str) -> None:
    if isinstance(part, dict):
        kind = dict.get(part, 'type')  # mmengine's own `get` imports it
        if isinstance(kind, (LazyAttr, LazyObject)):
            kind = kind.build()
        if callable(kind):
            part['type'] = _name_of(kind, scope)
        part = tuple(dict.values(part))
    if isinstance(part, (list, tuple)):
        for value in part:
            _name_types(value, scope)


def _name_of(kind: Any, scope: str) -> str:
    """The name of a class or function in a registry, or by its module."""
    for root in ROOTS:
        for registry in (root, *root.children.values()):
            for name, found in registry.module_dict.items():
                if found is kind:
                    # The default scope does not name itself.
                    own = root.children.get(scope, root).module_dict
                    is_plain = own.get(name, root.module_dict.get(name)) is kind
                    return name if is_plain else f'{registry.scope}.{name}'
    return f'{kind.__module__}.{kind.__qualname__}'
