"""Join the processes of a launcher on machines without a GPU."""

import os
import subprocess

import torch
from mmengine.config import Config

# Where a launcher tells a process its number, how many there are, and its number on its
# machine. The first are those that torch reads.
VARIABLES = dict(
    pytorch=('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    slurm=('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
    mpi=(
        'OMPI_COMM_WORLD_RANK',
        'OMPI_COMM_WORLD_SIZE',
        'OMPI_COMM_WORLD_LOCAL_RANK',
    ),
)
LAUNCHERS = ('none', *VARIABLES)


def join_processes(cfg: Config) -> None:
    """Check that the launcher of a config is there; without a GPU join its processes.

    mmengine's launchers select a GPU first. They leave alone what has been joined.

    Raises:
        ValueError: If the processes were not started by that launcher.
    """
    if cfg.launcher == 'none':
        return
    variables = VARIABLES[cfg.launcher]
    for name in variables:
        if name not in os.environ:
            raise ValueError(
                f'--launcher {cfg.launcher} needs the environment variable {name}, '
                'which its start command sets'
            )
    if torch.cuda.is_available():
        return
    for name, variable in zip(VARIABLES['pytorch'], variables):
        os.environ[name] = os.environ[variable]
    if 'MASTER_ADDR' not in os.environ:
        os.environ['MASTER_ADDR'] = _first_host()
    os.environ.setdefault('MASTER_PORT', '29500')
    torch.distributed.init_process_group('gloo')
    wrapper = dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
    cfg.model_wrapper_cfg = {
        **wrapper,
        **(cfg.get('model_wrapper_cfg') or {}),
        'device_ids': None,
    }


def _first_host() -> str:
    """The first machine of a Slurm job."""
    nodes = os.environ.get('SLURM_NODELIST')
    wanted = 'MASTER_ADDR must name the machine of the first process'
    if nodes is None:
        raise ValueError(wanted)
    command = ['scontrol', 'show', 'hostnames', nodes]
    try:
        names = subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise ValueError(f'{wanted}, which scontrol does not tell: {error}') from error
    return names.stdout.split()[0]
