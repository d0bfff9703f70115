#!/usr/bin/env bash
# Used by slurm_train.sh and slurm_test.sh: slurm_run.sh TOOL PARTITION JOB_NAME
# [arguments].
set -euo pipefail
tools=$(dirname "$0")
per_node=${GPUS_PER_NODE:-8}
gres=${GRES-gpu:$per_node} # GRES= for machines without a GPU
export PYTHONPATH="$tools/..:${PYTHONPATH:-}"
# shellcheck disable=SC2086  # SRUN_ARGS are several words
exec srun \
    --partition="$2" --job-name="$3" ${gres:+--gres="$gres"} \
    --ntasks="${GPUS:-8}" --ntasks-per-node="$per_node" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    ${SRUN_ARGS:-} \
    python -u "$tools/$1" "${@:4}" --launcher slurm
