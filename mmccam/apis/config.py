"""Configs of runs: they are read, and changed by options that have an effect."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from os import PathLike
from typing import Any, Optional, Union

from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner

from ..registry import kind_of
from .config_files import ROOTS, find_config, with_texts

# What a run reads of its config: the arguments of the runner, and what it looks up.
RUN_KEYS = {
    *inspect.signature(Runner).parameters,
    *('model_wrapper_cfg', 'find_unused_parameters', 'sync_bn', 'compile'),
    *('activation_checkpointing', 'efficient_conv_bn_eval'),
}


@contextmanager
def one_sentence(fault: str) -> Iterator[None]:
    """Raise whatever goes wrong as a ValueError: the fault and one line of reason."""
    try:
        yield
    except Exception as error:  # a constructor raises whatever its arguments lead to
        reason = str(error).strip() or type(error).__name__
        reason = reason.partition('\n')[0][:400]
        raise ValueError(f'{fault}: {reason}') from error


def read_config(config: Union[str, PathLike], options: Optional[dict] = None) -> Config:
    """Read a config, a file or one of ours by its name, and apply options."""
    cfg = with_texts(Config.fromfile(find_config(config)))
    for key, value in _values(cfg).items():
        if key.endswith('.type') and not isinstance(value, str):
            raise ValueError(
                f'{key} of {config} must be a class or a text such as "mmccam.CUB", '
                f'got {value!r}'
            )
    apply_options(cfg, options)
    return cfg


def apply_options(cfg: Config, options: Optional[dict[str, Any]]) -> None:
    """Change values of a config, in place.

    Options are values by dotted keys, such as ``{'train_cfg.max_epochs': 2}``. A key
    must be in the config or be an argument of the part that it leads to. Nor may it be
    one that no run reads, a variable whose value the file has copied to where it is
    used. A plus adds any other: ``{'+train_cfg.val_begin': 5}``. Else a ValueError is
    raised.
    """
    before = cfg.copy()
    for key, value in (options or {}).items():
        try:
            cfg.merge_from_dict({key.removeprefix('+'): value})
        except (KeyError, TypeError):
            raise ValueError(
                f'the option {key} leads to a place that the config does not have'
            ) from None
    for key in options or {}:
        if not key.startswith('+'):
            _check_key(key, before, cfg)
    _add_crops(cfg)


def _add_crops(cfg: Config) -> None:
    """Give images of validation and test the crops that a ``TwoViewClassifier`` needs.

    They are cut out of the loaded image, with the arguments of ``ScoreCrops`` that the
    pipeline or, which prevails, ``score_crops`` of the model has.
    """
    model = cfg.get('model') or {}
    if kind_of(model) != 'TwoViewClassifier':
        return
    crops = model.get('score_crops') or {}
    if not isinstance(crops, dict):
        raise ValueError(
            'score_crops of the model must be arguments of mmccam.ScoreCrops, such as '
            f'dict(num_crops=10), got {crops!r}'
        )
    for split in ('val', 'test'):
        dataset = (cfg.get(f'{split}_dataloader') or {}).get('dataset', {})
        pipeline = dataset.get('pipeline') or []  # none of a data set around others
        if 'ScoreCrops' not in map(kind_of, pipeline):
            pipeline.insert(1, ConfigDict(type='mmccam.ScoreCrops'))
        for step in pipeline:
            if kind_of(step) == 'ScoreCrops':
                step.update(crops)
            elif kind_of(step) == 'PackInputs':
                keys = step.get('algorithm_keys', ())
                step.algorithm_keys = list(dict.fromkeys([*keys, 'score_crops']))


def _check_key(key: str, before: Config, after: Config) -> None:
    """Check that a key leads to what was there, or to an argument of what is there."""
    old, names = _values(before), key.split('.')
    places = ['.'.join(names[:end]) for end in range(1, len(names) + 1)]
    missing = next((place for place in places if place not in old), None)
    if missing is None:
        return
    parent, _, name = missing.rpartition('.')
    scope = after.get('default_scope', 'mmengine')
    arguments = _arguments(_values(after).get(parent), scope) if parent else RUN_KEYS
    if name in arguments:
        return
    known = {*old, *(f'{parent}.{name}' for name in arguments if parent)}
    same = {place for place in known if place.rpartition('.')[2] == names[-1]}
    near = get_close_matches(key, sorted(same or known), n=3, cutoff=0)
    reason = 'is read by no run' if missing in before else 'is not in the config'
    raise ValueError(
        f'the option {key} is refused: {missing} {reason}; the nearest keys are '
        f'{", ".join(near)}; to add a new key, write +{key}'
    )


def _arguments(part: Any, scope: str) -> set[str]:
    """Name the arguments of the class of ``dict(type='Adam')``, and of its bases."""
    kind = part.get('type') if isinstance(part, dict) else None
    if isinstance(kind, str):
        name = kind if '.' in kind else f'{scope}.{kind}'
        for registry in ROOTS:
            with suppress(RuntimeError):  # it has no such name
                if found := registry.get(name):
                    kind = found
                    break
    bases = inspect.getmro(kind) if inspect.isclass(kind) else ()
    names = set().union(*(inspect.signature(cls.__init__).parameters for cls in bases))
    return names - {'self', 'args', 'kwargs'}


def _values(cfg: Config) -> dict[str, Any]:
    """All that a run reads of a config, by dotted keys."""
    values = {}
    parts = [(name, cfg[name]) for name in cfg if name in RUN_KEYS]
    for key, part in parts:  # which grows
        values[key] = part
        if isinstance(part, (dict, list, tuple)):
            items = part.items() if isinstance(part, dict) else enumerate(part)
            parts += [(f'{key}.{name}', value) for name, value in items]
    return values
