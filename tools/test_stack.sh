#!/usr/bin/env bash
# Run the tests with the versions of a stack: tools/test_stack.sh STACK [arguments of pytest]
# STACK is lite, with the versions of constraints.txt, or has a file in stacks/. Its
# environment, .venv-STACK, is made anew whenever the versions change.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

stack=${1:-}
case $stack in
    lite) pins=constraints.txt extra=lite ;;
    onedl) pins=stacks/onedl.txt extra=onedl ;;
    torch2.1) pins=stacks/torch2.1.txt extra=lite ;;
    *)
        echo "STACK must be lite, onedl or torch2.1, got '$stack'" >&2
        exit 2
        ;;
esac
environment=.venv-$stack

if ! cmp --silent "$pins" "$environment/pins.txt"; then
    rm -rf "$environment"
    python3 -m venv "$environment"
    # A relative path, since pip splits the value at spaces.
    PIP_CONSTRAINT=$pins "$environment/bin/pip" install -e ".[$extra,tests]"
    cp "$pins" "$environment/pins.txt" # last: it says that all is installed
fi
exec "$environment/bin/python" -m pytest "${@:2}"
