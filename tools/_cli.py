"""What the command-line tools share: their options, and how they end.

``--help`` and wrong options do not wait for torch. So each tool parses its options
first, and its imports that take seconds come behind. Here they are in functions.
"""

import argparse
import ast
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from reprlib import repr as shorten
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import mmccam._console  # noqa: F401  silences warnings of what is imported later

if TYPE_CHECKING:
    from mmengine.config import Config

# Characters of a message; the log file has all of it.
LONGEST = 380
# What OpenMMLab raises when a part of a config is wrong.
CONFIG_ERRORS = (
    AssertionError,
    AttributeError,
    ImportError,
    KeyError,
    NameError,
    RuntimeError,
    SyntaxError,
    TypeError,
)


class ConfigOptions(argparse.Action):
    """An option of key=value pairs: Python's literals, or else texts as they are."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        options = dict(getattr(namespace, self.dest) or {})
        for pair in values:
            key, sign, text = pair.partition('=')
            if not sign:
                parser.error(
                    f'{option_string} needs key=value pairs, got {shorten(pair)}'
                )
            try:
                options[key] = _parse_value(text)
            except ValueError as error:
                parser.error(f'{option_string} {shorten(pair)}: {error}')
        setattr(namespace, self.dest, options)


def _parse_value(text: str) -> Any:
    words = dict(true=True, false=False, none=None)
    if text.lower() in words:
        return words[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        if (text[:1], text[-1:]) in (('(', ')'), ('[', ']'), ('{', '}')):
            raise ValueError(
                "not a value of Python; texts in it need quotes, as in ['a', 'b']"
            ) from None
        return text


OPTIONS = {
    'config': dict(help='config file, or the name of one of ours'),
    'checkpoint': dict(help='checkpoint file'),
    '--cam': dict(
        help='name of the map; by default ccam, or cam of networks trained without maps'
    ),
    '--box-rule': dict(help='name of the box rule, largest_component by default'),
    '--threshold': dict(type=float, help="threshold, the rule's own by default"),
    '--thresholds': dict(
        nargs='?',
        const='',
        help='use the threshold and, unless it is named, the box rule of this file of '
        'search_threshold.py; without a value that beside the checkpoint',
    ),
    '--amp': dict(
        action='store_true',
        help='mixed precision: float16 on a GPU, bfloat16 on a CPU',
    ),
    '--work-dir': dict(help='folder of logs, checkpoints and pictures'),
    '--launcher': dict(choices=['none', 'pytorch', 'slurm', 'mpi'], default='none'),
    '--device': dict(help='such as cpu or cuda:1'),
    '--trust-checkpoint': dict(
        action='store_true',
        help='load checkpoints that may run code when they are loaded',
    ),
    '--cfg-options': dict(
        nargs='+', action=ConfigOptions, help='key=value pairs to override'
    ),
}
# The options of all tools that run a model.
RUN = ('--work-dir', '--cfg-options', '--launcher', '--trust-checkpoint')


def add_options(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add shared options by their names."""
    for name in names:
        parser.add_argument(name, **OPTIONS[name])


def add_box_options(
    parser: argparse.ArgumentParser, threshold: str = "the rule's own"
) -> None:
    """Add the options that choose the map and how boxes are made of it.

    ``threshold`` says which one is the default.
    """
    add_options(parser, '--cam', '--box-rule')
    group = parser.add_mutually_exclusive_group()
    what = f'threshold, {threshold} by default'
    group.add_argument('--threshold', **{**OPTIONS['--threshold'], 'help': what})
    add_options(group, '--thresholds')


def read_config(args: argparse.Namespace) -> 'Config':
    """Read the config of a run, apply the shared options, and join its processes."""
    from mmccam.apis import config
    from mmccam.apis.runs import join_processes
    from mmccam.checkpoints.loading import trust_checkpoints

    checkpoint = vars(args).get('checkpoint')
    if checkpoint and '://' not in checkpoint and not Path(checkpoint).is_file():
        raise FileNotFoundError(f'there is no checkpoint {checkpoint}')
    if args.trust_checkpoint:
        trust_checkpoints()
    cfg = config.read_config(args.config)
    cfg.launcher = args.launcher
    default = str(Path('work_dirs', Path(args.config).stem))
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or default
    config.apply_options(cfg, args.cfg_options)
    cfg.load_from = checkpoint or cfg.get('load_from')
    join_processes(cfg)
    return cfg


@contextmanager
def user_errors(*more: type[Exception]) -> Iterator[None]:
    """End with exit code 2 and one sentence if what the user gave is wrong.

    A line above it names the file with the traceback: the log file, or one of its own
    if there is none by then and a part of the config is wrong. Other errors are raised
    again. An interruption by the user ends with 130, as shells have it. ``more`` errors
    are also the user's here.
    """
    tool = Path(sys.argv[0]).name
    try:
        yield
    except Exception as error:
        usual = isinstance(error, (OSError, ValueError, FloatingPointError))
        killed = 'DataLoader worker' in str(error)
        path = _log_traceback(has_own_file=not usual and isinstance(error, more))
        if path:
            print(f'{tool}: the traceback is in {path}', file=sys.stderr)
        if not (usual or killed or isinstance(error, more)):
            raise
        print(f'{tool}: {_sentence(error)}', file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print(f'{tool}: interrupted', file=sys.stderr)
        raise SystemExit(130) from None


def _log_traceback(has_own_file: bool) -> str:
    """Write the traceback of the present error to the log file; its path, or none."""
    if 'mmengine.logging' in sys.modules:  # localize.py can do without
        from mmengine.logging import MMLogger

        logger = MMLogger.get_current_instance()
        record = logger.makeRecord(
            *(logger.name, logging.ERROR, __file__, 0),
            *('The run ends with an error', (), sys.exc_info()),
        )
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler):
                handler.handle(record)
                return handler.baseFilename
    if not has_own_file:
        return ''
    own = dict(prefix='mmccam_', suffix='.log', delete=False)
    with suppress(OSError), NamedTemporaryFile('w', **own) as file:  # a full disk
        traceback.print_exc(file=file)
        return file.name
    return ''


def _sentence(error: Exception) -> str:
    # Quoted in the text of a KeyError, behind a traceback where a process that loads
    # data had it.
    text = str(error.args[0] if isinstance(error, KeyError) else error).strip()
    if text.startswith('Caught '):
        text = text.splitlines()[-1].partition(': ')[2]
    text = ' '.join(text.splitlines())
    # It may quote a line of a file, or a network.
    return text if len(text) <= LONGEST else f'{text[:250]} … {text[-100:]}'


def end_together() -> None:
    """End a run in all its processes at once.

    A thread of gloo lets go of the last broadcast's tensors when it gets to it; if
    Python shuts down by then, the process aborts. A barrier has none.
    """
    from mmengine.dist import barrier

    barrier()
