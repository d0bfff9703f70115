#!/usr/bin/env bash
# dist_test.sh CONFIG CHECKPOINT GPUS [options of test.py]; several machines by NNODES,
# NODE_RANK, MASTER_ADDR and PORT.
set -euo pipefail
usage="usage: $0 CONFIG CHECKPOINT GPUS [options of test.py]"
[ $# -ge 3 ] || { echo "$usage" >&2 && exit 2; }
exec "$(dirname "$0")/dist_run.sh" test.py "$3" "$1" "$2" "${@:4}"
