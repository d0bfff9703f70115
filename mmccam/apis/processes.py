"""Which of several processes this is; nothing of OpenMMLab is needed."""

import os
from typing import Optional

import torch

# Variables with the number of a process, how many there are, and the number on its
# machine. torch reads the first.
VARIABLES = dict(
    pytorch=('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    slurm=('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
    mpi=tuple(f'OMPI_COMM_WORLD_{name}' for name in ('RANK', 'SIZE', 'LOCAL_RANK')),
)


def numbers_of(launcher: str) -> tuple[int, int, int]:
    """The number of this process, how many there are, and its number on its machine.

    A ``ValueError`` names the environment variable that the launcher has not set.
    """
    if launcher == 'none':
        return 0, 1, 0
    for name in VARIABLES[launcher]:
        if name not in os.environ:
            raise ValueError(
                f'--launcher {launcher} needs the environment variable {name}, '
                'which its start command sets'
            )
    return tuple(int(os.environ[name]) for name in VARIABLES[launcher])


def device_of(launcher: str) -> Optional[str]:
    """The GPU of this process, where a launcher has started it and there are GPUs."""
    *_, number = numbers_of(launcher)
    if launcher == 'none' or not torch.cuda.is_available():
        return None
    return f'cuda:{number % torch.cuda.device_count()}'
