#!/usr/bin/env bash
# dist_train.sh CONFIG GPUS [options of train.py]; several machines by NNODES, NODE_RANK,
# MASTER_ADDR and PORT.
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG GPUS [options of train.py]" >&2
    exit 2
fi
exec "$(dirname "$0")/dist_run.sh" train.py "$2" "$1" "${@:3}"
