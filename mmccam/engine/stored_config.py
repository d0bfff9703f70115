"""The config that mmengine stores in a checkpoint, read without running it."""

import ast
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import MODELS, TASK_UTILS, WEIGHT_INITIALIZERS, Registry

from ..config_parts import all_parts, input_size

REMEDY = 'name the config file'
# What a model is built of. mmengine imports whatever module another name begins with.
ROOTS = (MODELS, TASK_UTILS, WEIGHT_INITIALIZERS)
SCOPES = ('mmengine', 'mmcv', 'mmpretrain', 'mmccam')
# Parts that download weights or code of their own.
FETCHING = {
    f'{scope}{name}'
    for scope in ('', 'mmpretrain.')
    for name in ('HuggingFaceClassifier', 'TIMMBackbone', 'TimmClassifier')
}
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
        ValueError: If there is no config, its text has more than plain values, or its
            network has parts that are not registered by OpenMMLab or mmccam, or that
            fetch weights of their own.
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
    names = {name for root in ROOTS for name in _registered(root)} - FETCHING
    built = [cfg.to_dict().get(key) for key in ('model', 'data_preprocessor')]
    for part in all_parts(built):
        for key, allowed in (('type', names), ('_scope_', SCOPES)):
            # As a string, since a value may be anything.
            if key in part and str(part[key]) not in allowed:
                raise ValueError(
                    f'{source} has a config in it whose {key} {part[key]!r} is not '
                    f'taken from there: {REMEDY}'
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
        return dict(zip(map(_value, node.keys), map(_value, node.values)))
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_value(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    return ast.literal_eval(node)


def _registered(registry: Registry) -> Iterator[str]:
    """The names in a registry and its children, with their scope and without."""
    if registry.scope in SCOPES:
        for name in registry.module_dict:
            yield from (name, f'{registry.scope}.{name}')
    for child in registry.children.values():
        yield from _registered(child)


def warn_if_size_differs(cfg: Config, checkpoint: dict, source: str) -> None:
    """Warn if a network is to be used at another size than it was evaluated at.

    Args:
        cfg: The config of its use.
        checkpoint: What was loaded; without a plain config in it nothing is compared.
        source: Where from, for the message.
    """
    try:
        trained = input_size(stored_config(checkpoint, source))
    except ValueError:
        return
    used = input_size(cfg)
    if trained and used and trained != used:
        MMLogger.get_current_instance().warning(
            f'{source} was evaluated with images of {trained[0]} x {trained[1]} pixels '
            f'in training, the config now has {used[0]} x {used[1]}'
        )
