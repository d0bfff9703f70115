"""The config that mmengine stores in a checkpoint, read without running it."""

import ast
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.registry import MODELS, TASK_UTILS, WEIGHT_INITIALIZERS, Registry

from ..config_parts import all_parts

REMEDY = 'name the config file'
# What a model is built of.
ROOTS = (MODELS, TASK_UTILS, WEIGHT_INITIALIZERS)
# What Python and mmengine raise where a text has anything else in it.
NOT_PLAIN = (
    AttributeError,
    KeyError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)


def stored_config(checkpoint: dict, source: str) -> Config:
    """Read the config of the run that saved a checkpoint.

    mmengine stores it as Python, and ``Config.fromstring`` would run that. Here it is
    taken as data: names with plain values and ``dict(...)``.

    Args:
        checkpoint: What was loaded.
        source: Where from, for messages.

    Raises:
        ValueError: If there is no config, or its text or its model asks for more than
            plain values and registered parts.
    """
    meta = checkpoint.get('meta')
    text = meta.get('cfg') if isinstance(meta, dict) else None
    if not isinstance(text, str):
        raise ValueError(f'{source} has no config in it: {REMEDY}')
    try:
        statements = ast.parse(text).body
        cfg = Config({_name(line): _value(line.value) for line in statements})
    except NOT_PLAIN as error:
        raise ValueError(
            f'{source} has a config in it that is not plain ({error}): {REMEDY}'
        ) from error
    names = {name for root in ROOTS for name in _registered(root)}
    parts = all_parts(cfg.to_dict().get('model'))
    for kind in [part['type'] for part in parts if 'type' in part]:
        if not isinstance(kind, str) or kind.rpartition('.')[2] not in names:
            raise ValueError(
                f'{source} has a config in it whose model names {kind!r}, which is no '
                f'registered part: {REMEDY}'
            )
    return cfg


def _name(statement: ast.stmt) -> str:
    """The name that a statement assigns to."""
    (target,) = statement.targets
    return target.id


def _value(node: ast.expr) -> Any:
    """Evaluate an expression of plain values and ``dict(...)``."""
    if isinstance(node, ast.Call) and getattr(node.func, 'id', None) == 'dict':
        parts = [_value(part) for part in node.args]
        named = {word.arg: _value(word.value) for word in node.keywords}
        return dict(*parts, **named)
    if isinstance(node, ast.Dict):
        return {
            _value(key): _value(node_) for key, node_ in zip(node.keys, node.values)
        }
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_value(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    return ast.literal_eval(node)


def _registered(registry: Registry) -> Iterator[str]:
    """The names in a registry and its children."""
    yield from registry.module_dict
    for child in registry.children.values():
        yield from _registered(child)
