"""Runs of training and evaluation: their data, processes, and checks beforehand."""

import logging
import os
import subprocess
from typing import Optional

import torch
from mmengine.config import Config, ConfigDict
from mmengine.dataset import BaseDataset
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner
from mmpretrain.engine import ClassNumCheckHook

from .._console import is_shown
from ..engine import FittingWeightsHook
from ..evaluation import LocalizationMetric
from ..evaluation.thresholds import head_of
from ..registry import kind_of
from ..structures import check_map_name
from ..visualization import LocalizationVisualizationHook
from .config import read_config
from .processes import VARIABLES, numbers_of


class ToolRunner(Runner):
    """A runner whose console has what a person reads, and whose log file has all."""

    def build_logger(self, *args, **kwargs) -> MMLogger:
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(is_shown)
        logger.info(f'Log file: {logger.log_file}')
        return logger


def read_data_config(path: str, options: Optional[dict]) -> Config:
    """Read the config of data sets that are to be built without a runner."""
    cfg = read_config(path, options)
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    return cfg


def find_loader(cfg: Config, split: str) -> ConfigDict:
    """Find the dataloader of a split; none, or one of other data sets, is an error."""
    loader = cfg.get(f'{split}_dataloader')
    if loader is None:
        raise ValueError(f'{cfg.filename} must have a {split}_dataloader')
    if 'pipeline' not in loader.dataset:
        raise ValueError(
            f'the split {split} of {cfg.filename} must be a data set with a pipeline, '
            f'got {loader.dataset.type}'
        )
    return loader


def build_annotations(cfg: Config, split: str) -> BaseDataset:
    """Build the data set of a split, without loading its images."""
    return DATASETS.build(dict(find_loader(cfg, split).dataset, pipeline=[]))


def without_drawing(cfg: Config) -> list[ConfigDict]:
    """The custom hooks of a config that draw no pictures."""
    drawing = ('LocalizationVisualizationHook', 'WorstImagesHook')
    hooks = cfg.get('custom_hooks', [])
    return [hook for hook in hooks if kind_of(hook) not in drawing]


def has_scaled_masks(cfg: Config, split: str) -> bool:
    """Whether an evaluation of the split accepts masks of other sizes."""
    metrics = cfg.get(f'{split}_evaluator') or []
    metrics = [metrics] if isinstance(metrics, dict) else metrics
    return any(metric.get('scaled_masks') for metric in metrics)


def build_test_runner(cfg: Config) -> Runner:
    """Build a runner for a test, which refuses a checkpoint that does not match."""
    find_loader(cfg, 'test')
    runner = ToolRunner.from_cfg(cfg)
    runner.register_hook(FittingWeightsHook())
    check_run(runner, 'test', runner.test_evaluator)
    return runner


def check_run(runner: Runner, split: str, evaluator: Evaluator) -> None:
    """Refuse before a run what would fail during it.

    The head must have the classes of the split's data, and make the maps that metrics
    and hooks ask for. The loops of the runner must be built.
    """
    getattr(ClassNumCheckHook(), f'before_{split}')(runner)
    for part in (*evaluator.metrics, *runner.hooks):
        if isinstance(part, (LocalizationMetric, LocalizationVisualizationHook)):
            for name in (part.map_name, *getattr(part, 'more_cams', ())):
                check_map_name(name, head_of(runner).map_names)


def join_processes(cfg: Config) -> None:
    """Check that the launcher of a config is there; without a GPU join its processes.

    mmengine's launchers select a GPU first. They leave alone what has been joined.
    """
    if cfg.launcher == 'none':
        return
    numbers = numbers_of(cfg.launcher)
    if torch.cuda.is_available():
        return
    for name, number in zip(VARIABLES['pytorch'], numbers):
        os.environ[name] = str(number)
    if 'MASTER_ADDR' not in os.environ:
        os.environ['MASTER_ADDR'] = _first_host()
    os.environ.setdefault('MASTER_PORT', '29500')
    torch.distributed.init_process_group('gloo')
    wrapper = dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
    wrapper.update(cfg.get('model_wrapper_cfg') or {}, device_ids=None)
    cfg.model_wrapper_cfg = wrapper


def _first_host() -> str:
    nodes = os.environ.get('SLURM_NODELIST')
    wanted = 'MASTER_ADDR must name the machine of the first process'
    if nodes is None:
        raise ValueError(wanted)
    try:
        names = subprocess.check_output(['scontrol', 'show', 'hostnames', nodes])
    except (OSError, subprocess.SubprocessError) as error:
        raise ValueError(f'{wanted}, but scontrol fails: {error}') from error
    return names.decode().split()[0]
