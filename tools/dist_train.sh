#!/usr/bin/env bash
# dist_train.sh CONFIG GPUS [options of train.py]; several machines by NNODES, NODE_RANK,
# MASTER_ADDR and PORT.
set -euo pipefail
usage="usage: $0 CONFIG GPUS [options of train.py]"
[ $# -ge 2 ] || { echo "$usage" >&2 && exit 2; }
exec "$(dirname "$0")/dist_run.sh" train.py "$2" "$1" "${@:3}"
