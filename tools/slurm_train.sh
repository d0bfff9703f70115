#!/usr/bin/env bash
# slurm_train.sh PARTITION JOB_NAME CONFIG [options of train.py]; GPUS, GPUS_PER_NODE and
# CPUS_PER_TASK say how many, SRUN_ARGS are further options of srun.
set -euo pipefail
usage="usage: $0 PARTITION JOB_NAME CONFIG [options of train.py]"
[ $# -ge 3 ] || { echo "$usage" >&2 && exit 2; }
exec "$(dirname "$0")/slurm_run.sh" train.py "$@"
