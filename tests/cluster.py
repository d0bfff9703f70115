"""A cluster on one computer, for tests."""

import socket

# What the start command of a cluster does: it starts some processes and tells each its
# number.
START_COMMAND = """#!/usr/bin/env bash
while [[ $1 == -* ]]; do
    [[ $1 == --ntasks=* ]] && processes=${1#*=}
    [[ $1 == -n ]] && processes=$2 && shift
    shift
done
for ((rank = 0; rank < processes; rank++)); do
    env SLURM_PROCID=$rank SLURM_LOCALID=$rank SLURM_NTASKS=$processes \\
        SLURM_NODELIST='node[1-2]' OMPI_COMM_WORLD_RANK=$rank \\
        OMPI_COMM_WORLD_LOCAL_RANK=$rank OMPI_COMM_WORLD_SIZE=$processes "$@" &
    pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || code=$?; done
exit ${code:-0}
"""
# Stand-ins for the commands of Slurm and MPI.
COMMANDS = dict(
    srun=START_COMMAND,
    mpirun=START_COMMAND,
    scontrol='#!/usr/bin/env bash\necho 127.0.0.1\n',
)


def free_port() -> int:
    """A port that nothing listens at."""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]
