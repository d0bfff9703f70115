"""Packages whose names are imported at their first use (PEP 562)."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def lazy(
    package: str, homes: dict[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make ``__getattr__`` and ``__dir__`` of a package.

    ``homes`` has the module of each name, relative to the package. So who imports one
    module of a package does not need what the others import.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f'module {package!r} has no attribute {name!r}')
        return getattr(import_module(homes[name], package), name)

    return get, lambda: sorted({*vars(sys.modules[package]), *homes})
