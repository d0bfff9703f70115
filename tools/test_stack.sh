#!/usr/bin/env bash
# Run the tests with the versions of a stack: tools/test_stack.sh STACK [arguments of pytest]
# STACK is lite, with the versions of constraints.txt, or has a file in stacks/. Its
# environment, .venv-STACK, is made again whenever the versions change. The stack mim needs
# a wheel of mmcv 2.1.0 with operators for torch 2.14: the file that MMCV_WHEEL names, or
# one in ../shared/wheels/torch2.14; without it the exit code is 77.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

stack=${1:-}
options=()
case $stack in
    lite) pins=constraints.txt extra=lite ;;
    mim)
        pins=stacks/mim.txt extra=downstream
        wheel=${MMCV_WHEEL:-$(compgen -G '../shared/wheels/torch2.14/mmcv-2.1.0-*.whl' || true)}
        if [ ! -f "$wheel" ]; then
            echo "the stack mim needs a wheel of mmcv 2.1.0 with operators for torch" \
                "2.14: MMCV_WHEEL must name one, got '${MMCV_WHEEL:-}'" >&2
            exit 77
        fi
        options=(--only-binary :all: "$wheel")
        ;;
    onedl) pins=stacks/onedl.txt extra=onedl ;;
    torch2.1) pins=stacks/torch2.1.txt extra=lite ;;
    *)
        echo "STACK must be lite, mim, onedl or torch2.1, got '$stack'" >&2
        exit 2
        ;;
esac
environment=.venv-$stack

if ! cmp --silent "$pins" "$environment/pins.txt"; then
    rm -rf "$environment"
    python3 -m venv "$environment"
    # A relative path, since pip splits the value at spaces.
    PIP_CONSTRAINT=$pins "$environment/bin/pip" install "${options[@]}" -e ".[$extra,tests]"
    cp "$pins" "$environment/pins.txt" # last: it says that all is installed
fi
exec "$environment/bin/python" -m pytest "${@:2}"
