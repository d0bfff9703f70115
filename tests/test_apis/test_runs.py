"""Checks before a run; real processes join in test_tools/test_distributed.py."""

import os
from types import SimpleNamespace
from unittest.mock import Mock, patch

import pytest
from mmengine.config import Config

from mmccam.apis import runs
from mmccam.evaluation import MaxBoxAcc
from mmccam.visualization import LocalizationVisualizationHook

SLURM = dict(SLURM_PROCID='0', SLURM_NTASKS='1', SLURM_LOCALID='0')
NODES = dict(SLURM, SLURM_NODELIST='node[1-2]', PATH='/nowhere')


@pytest.fixture
def join(monkeypatch):
    """Join the processes of a launcher with nothing else in the environment."""
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)

    def join(launcher, **environment):
        with patch.dict(os.environ, environment, clear=True):
            runs.join_processes(Config(dict(launcher=launcher)))

    return join


@pytest.mark.parametrize(
    ('launcher', 'environment', 'message'),
    [
        ('pytorch', {}, '--launcher pytorch needs the environment variable RANK'),
        ('slurm', {}, '--launcher slurm needs the .* SLURM_PROCID'),
        ('mpi', {}, '--launcher mpi needs the .* OMPI_COMM_WORLD_RANK'),
        ('slurm', SLURM, 'MASTER_ADDR must name the machine of the first process$'),
        (
            'slurm',
            NODES,
            'MASTER_ADDR must name .*, but scontrol fails: .*No such file',
        ),
    ],
)
def test_a_launcher_that_is_not_there(join, launcher, environment, message):
    with pytest.raises(ValueError, match=message):
        join(launcher, **environment)


def test_one_process_needs_no_launcher(join):
    join('none')


@pytest.mark.parametrize(
    ('metrics', 'hooks'),
    [
        ([MaxBoxAcc('heat')], []),
        ([], [LocalizationVisualizationHook('heat')]),
        ([], [LocalizationVisualizationHook('cam', more_cams=['heat'])]),
    ],
)
def test_the_head_must_make_all_maps_that_are_asked_for(monkeypatch, metrics, hooks):
    monkeypatch.setattr(runs, 'ClassNumCheckHook', Mock())
    model = SimpleNamespace(head=SimpleNamespace(map_names=['cam']))
    runner = SimpleNamespace(model=model, hooks=hooks)
    with pytest.raises(ValueError, match='the head makes no map "heat", only'):
        runs.check_run(runner, 'test', SimpleNamespace(metrics=metrics))


def test_a_config_without_the_data_of_a_split():
    with pytest.raises(ValueError, match='must have a val_dataloader'):
        runs.find_loader(Config(dict(test_dataloader={})), 'val')
