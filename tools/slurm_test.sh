#!/usr/bin/env bash
# slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [options of test.py]; GPUS,
# GPUS_PER_NODE and CPUS_PER_TASK say how many, SRUN_ARGS are further options of srun.
set -euo pipefail
usage="usage: $0 PARTITION JOB_NAME CONFIG CHECKPOINT [options of test.py]"
[ $# -ge 4 ] || { echo "$usage" >&2 && exit 2; }
exec "$(dirname "$0")/slurm_run.sh" test.py "$@"
