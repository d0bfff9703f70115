"""What the command-line tools share: their options, and how these change a config."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from mmengine.config import Config, ConfigDict, DictAction
from mmengine.dist import barrier
from mmengine.logging import MMLogger
from mmengine.runner import Runner

import mmccam  # noqa: F401  registers its parts, lets torch load checkpoints
from mmccam.models.gap_head import DEFAULT_CAMS


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of all tools that run a model."""
    parser.add_argument('--work-dir', help='folder of logs, checkpoints and pictures')
    add_config_options(parser)
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none'
    )


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add the option that changes a config."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='key=value pairs to override',
    )


def read_config(args: argparse.Namespace) -> Config:
    """Read the config and apply the shared options to it."""
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    default = Path('work_dirs', Path(args.config).stem)
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(default)
    if args.launcher == 'pytorch' and not torch.cuda.is_available():
        _join_cpu_processes(cfg)
    cfg.merge_from_dict(args.cfg_options or {})
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


def find_loader(cfg: Config, split: str) -> ConfigDict:
    """Find the dataloader of the split ``val`` or ``test`` in a config.

    Raises:
        ValueError: If the config has none.
    """
    loader = cfg.get(f'{split}_dataloader')
    if loader is None:
        raise ValueError(f'{cfg.filename} must have a {split}_dataloader')
    return loader


@contextmanager
def user_errors() -> Iterator[None]:
    """End with exit code 2 and one sentence if what the user gave is wrong."""
    try:
        yield
    except (OSError, ValueError) as error:
        MMLogger.get_current_instance().debug('', exc_info=True)
        print(f'{Path(sys.argv[0]).name}: {error}', file=sys.stderr)
        raise SystemExit(2) from None


def maps_of(cfg: Config) -> dict:
    """What a config makes its maps by, besides the network: as plain types."""
    parts = dict(
        pipeline=cfg.test_dataloader.dataset.get('pipeline'),
        cams=cfg.model.head.get('cams', DEFAULT_CAMS),
    )
    return json.loads(json.dumps(parts, default=str))


def build_runner(cfg: Config) -> Runner:
    """Build a runner that refuses a checkpoint of another network."""
    runner = Runner.from_cfg(cfg)
    load = runner.load_checkpoint

    def load_strictly(filename: str, **kwargs) -> dict:
        # mmengine's own default only warns, and evaluates random weights.
        try:
            return load(filename, strict=True, **kwargs)
        except RuntimeError as error:
            raise ValueError(
                f'{filename} is of another network than the config: {error}'
            ) from error

    runner.load_checkpoint = load_strictly
    return runner


def end_together() -> None:
    """Wait for all processes at the end of a run.

    A thread of gloo lets go of the tensors of the last broadcast when it gets to it; if
    Python is shutting down by then, the process aborts. The barrier holds no tensors.
    """
    barrier()


def _join_cpu_processes(cfg: Config) -> None:
    """Set up what mmengine's launcher only does for a GPU."""
    torch.distributed.init_process_group('gloo')
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False
    )
