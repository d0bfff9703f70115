#!/usr/bin/env bash
# All that needs a GPU, within 8 minutes: gpu.sh OUT [DATA WEIGHTS]. The tests, the
# benchmark and, with a folder in the metadata format and an ImageNet VGG-16, short
# trainings with their evaluation. PARTS chooses among them. Each part runs even if
# another fails. OUT gets JSON files and log.txt, WORK (OUT/work by default) the rest.
set -uo pipefail
out=$(realpath -m "$1") data=${2:+$(realpath "$2")} weights=${3:+$(realpath "$3")}
work=$(realpath -m "${WORK:-$out/work}")
cd "$(dirname "$0")/../.." || exit
parts=${PARTS:-tests steps network loading float16 large profile float32}
export PYTHONPATH="$PWD:${PYTHONPATH:-}" PYTHONUNBUFFERED=1
mkdir -p "$out" "$work"
failed=0

step() { # step NAME SECONDS COMMAND...
    local name=$1 limit=$2 begin=$SECONDS code=0
    shift 2
    printf '\n== %s: %s\n' "$name" "$*"
    timeout --kill-after=10 "$limit" "$@" || code=$?
    echo "== $name: exit code $code after $((SECONDS - begin)) s"
    [ "$code" = 0 ] || failed=1
}

benchmark() { # benchmark NAME SECONDS OPTIONS...
    step "$1" "$2" python tools/benchmark.py "${@:3}" --device cuda --json "$out/$1.json"
}

train() { # train NAME [--amp]
    local name=$1 folder=$work/$1 config=configs/nlccam_custom.py
    [ -n "$data" ] || return 0
    export MMCCAM_DATA_ROOT=$data MMCCAM_WEIGHTS=$weights
    local last=$folder/epoch_8.pth
    local loaders=({train,val,test}_dataloader.num_workers=8)
    step "train_$name" 150 python tools/train.py "$config" "${@:2}" \
        --work-dir "$folder" --cfg-options "${loaders[@]}" train_cfg.max_epochs=8
    cp "$folder"/*/vis_data/scalars.json "$out/scalars_$name.json"
    step "search_$name" 60 python tools/search_threshold.py "$config" "$last" \
        --work-dir "$work/search" --cfg-options "${loaders[@]}"
    step "test_$name" 60 python tools/test.py "$config" "$last" "${@:2}" --thresholds \
        --out "$out/test_$name.json" \
        --work-dir "$work/test" --cfg-options "${loaders[@]}"
}

run() {
    nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv
    for part in $parts; do
        case $part in
            tests) step tests 150 python -m pytest -m cuda tests/test_*/test_cuda_*.py \
                --durations=5 --junitxml "$out/tests.xml" ;;
            steps) benchmark steps 150 block maps step ;;
            network) benchmark network 90 network --images 1024 --repeats 2 ;;
            loading) benchmark loading 60 pipeline localization evaluation \
                --repeats 2 --workers "$(nproc)" ;;
            large) benchmark large 90 step network --batch-size 128 --images 1024 \
                --repeats 1 ;;
            profile) benchmark profile 60 step --repeats 1 --profile ;;
            float16) train float16 --amp ;;
            float32) train float32 ;;
            *) echo "there is no part $part" >&2 && failed=1 ;;
        esac
    done
    echo "== all: $SECONDS s"
    return "$failed"
}

run 2>&1 | tee -a "$out/log.txt"
