#!/usr/bin/env bash
# Draw the demo data, train, evaluate: three minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -e data/demo ] || python tools/make_demo_data.py data/demo
python tools/train.py configs/nlccam_demo.py
python tools/test.py configs/nlccam_demo.py work_dirs/nlccam_demo/epoch_6.pth \
    --out work_dirs/nlccam_demo/metrics.json
echo "Accuracies in percent, CCAM and CAM:"
cat work_dirs/nlccam_demo/metrics.json
echo
echo "Pictures:"
ls work_dirs/nlccam_demo/*/vis_data/vis_image/*.png
