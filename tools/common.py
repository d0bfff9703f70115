"""What the command-line tools share: their options, and how these change a config."""

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launch import LAUNCHERS, join_processes
from mmengine.config import Config, ConfigDict, DictAction
from mmengine.dist import barrier
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.engine import ClassNumCheckHook

import mmccam  # noqa: F401  registers its parts, lets torch load checkpoints
from mmccam import trust_checkpoints
from mmccam.engine import FittingWeightsHook
from mmccam.evaluation.metric import LocalizationMetric
from mmccam.structures import check_map_name
from mmccam.visualization import LocalizationVisualizationHook

DRAWING = ('LocalizationVisualizationHook', 'WorstImagesHook')
# What OpenMMLab raises when a part of a config is wrong.
CONFIG_ERRORS = (
    AssertionError,
    AttributeError,
    ImportError,
    KeyError,
    NameError,
    SyntaxError,
    TypeError,
)


class ConfigOptions(DictAction):
    """mmengine's option of key=value pairs, which refuses anything else."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        for value in values:
            if '=' not in value:
                parser.error(f'{option_string} takes key=value pairs, got {value!r}')
        super().__call__(parser, namespace, values, option_string)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of all tools that run a model."""
    parser.add_argument('--work-dir', help='folder of logs, checkpoints and pictures')
    add_config_options(parser)
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none')
    add_trust_option(parser)


def add_box_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the map and how boxes are made of it."""
    parser.add_argument('--cam', help='name of the map, ccam by default')
    parser.add_argument('--box-rule', help='name of the box rule, cam by default')
    threshold = parser.add_mutually_exclusive_group()
    threshold.add_argument(
        '--threshold', type=float, help="threshold, the rule's own by default"
    )
    threshold.add_argument(
        '--thresholds',
        nargs='?',
        const='',
        help='take the threshold and, unless it is named, the box rule from this file '
        'of search_threshold.py; without a value from that beside the checkpoint',
    )


def add_trust_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that lets checkpoints be loaded whatever they hold."""
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='load checkpoints that may run code when they are loaded',
    )


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add the option that changes a config."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=ConfigOptions,
        help='key=value pairs to override',
    )


def read_config(args: argparse.Namespace) -> Config:
    """Read the config and apply the shared options to it."""
    if args.trust_checkpoint:
        trust_checkpoints()
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    default = Path('work_dirs', Path(args.config).stem)
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(default)
    cfg.merge_from_dict(args.cfg_options or {})
    join_processes(cfg)
    return cfg


def read_model_config(args: argparse.Namespace) -> Config:
    """Read the config of a trained model, which its checkpoint is to be loaded into.

    Raises:
        FileNotFoundError: If the checkpoint is a local file that is not there.
    """
    if '://' not in args.checkpoint and not Path(args.checkpoint).is_file():
        raise FileNotFoundError(f'there is no checkpoint {args.checkpoint}')
    cfg = read_config(args)
    cfg.load_from = args.checkpoint
    return cfg


def read_data_config(args: argparse.Namespace) -> Config:
    """Read the config of data sets that are to be built without a runner."""
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    return cfg


def find_loader(cfg: Config, split: str) -> ConfigDict:
    """Find the dataloader of the split ``train``, ``val`` or ``test`` in a config.

    Raises:
        ValueError: If the config has none.
    """
    loader = cfg.get(f'{split}_dataloader')
    if loader is None:
        raise ValueError(f'{cfg.filename} must have a {split}_dataloader')
    return loader


def without_drawing(cfg: Config) -> list[ConfigDict]:
    """The custom hooks of a config that draw no pictures."""
    return [
        hook
        for hook in cfg.get('custom_hooks', [])
        if hook.type.rpartition('.')[2] not in DRAWING
    ]


def has_scaled_masks(cfg: Config, split: str) -> bool:
    """Whether an evaluation of the split takes masks of other sizes."""
    metrics = cfg.get(f'{split}_evaluator') or []
    if isinstance(metrics, dict):
        metrics = [metrics]
    return any(metric.get('scaled_masks') for metric in metrics)


@contextmanager
def user_errors(*more: type[Exception]) -> Iterator[None]:
    """End with exit code 2 and one sentence if what the user gave is wrong.

    An interruption by the user ends with 130, as shells have it.

    The log file, if there is one by then, has the traceback.

    Args:
        *more: Errors that also are the user's here.
    """
    try:
        yield
    except (OSError, ValueError, FloatingPointError, *more) as error:
        logger = MMLogger.get_current_instance()
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler):
                place, text = (__file__, 0), 'The run ends with an error'
                handler.handle(
                    logger.makeRecord(
                        logger.name, logging.ERROR, *place, text, (), sys.exc_info()
                    )
                )
        print(f'{Path(sys.argv[0]).name}: {_sentence(error)}', file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print(f'{Path(sys.argv[0]).name}: interrupted', file=sys.stderr)
        raise SystemExit(130) from None


def _sentence(error: Exception) -> str:
    # Quoted in the text of a KeyError, behind a traceback where a process that loads
    # data had it.
    text = str(error.args[0] if isinstance(error, KeyError) else error).strip()
    if text.startswith('Caught '):
        text = text.splitlines()[-1].partition(': ')[2]
    return text


def build_test_runner(cfg: Config) -> Runner:
    """Build a runner for a test, which refuses a checkpoint of another network."""
    runner = Runner.from_cfg(cfg)
    runner.register_hook(FittingWeightsHook())
    check_run(runner, 'test', runner.test_evaluator)
    return runner


def check_run(runner: Runner, split: str, evaluator: Evaluator) -> None:
    """Refuse before a run what would fail in the midst of it.

    Args:
        runner: A runner whose loops are built.
        split: ``train``, ``val`` or ``test``: the data that the head must fit.
        evaluator: Metrics whose maps the head must make.

    Raises:
        AssertionError: If head and data have different numbers of classes.
        ValueError: If the head makes no map of the name that a metric or a hook asks
            for.
    """
    getattr(ClassNumCheckHook(), f'before_{split}')(runner)
    asked = [
        metric.map_name
        for metric in evaluator.metrics
        if isinstance(metric, LocalizationMetric)
    ]
    for hook in runner.hooks:
        if isinstance(hook, LocalizationVisualizationHook):
            asked += [hook.map_name, *hook.more_cams]
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    for name in asked:
        check_map_name(name, model.head.map_names)


def end_together() -> None:
    """Wait for all processes at the end of a run.

    A thread of gloo lets go of the tensors of the last broadcast when it gets to it; if
    Python is shutting down by then, the process aborts. The barrier holds no tensors.
    """
    barrier()
