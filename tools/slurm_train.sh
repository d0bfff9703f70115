#!/usr/bin/env bash
# slurm_train.sh PARTITION JOB_NAME CONFIG [options of train.py]; GPUS, GPUS_PER_NODE and
# CPUS_PER_TASK say how many, SRUN_ARGS are further options of srun.
set -euo pipefail
if [ $# -lt 3 ]; then
    echo "usage: $0 PARTITION JOB_NAME CONFIG [options of train.py]" >&2
    exit 2
fi
exec "$(dirname "$0")/slurm_run.sh" train.py "$@"
