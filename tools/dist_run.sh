#!/usr/bin/env bash
# Used by dist_train.sh and dist_test.sh: dist_run.sh TOOL PROCESSES [arguments].
set -euo pipefail
tools=$(dirname "$0")
export PYTHONPATH="$tools/..:${PYTHONPATH:-}"
exec python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    --nproc_per_node="$2" \
    "$tools/$1" "${@:3}" --launcher pytorch
