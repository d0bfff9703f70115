#!/usr/bin/env bash
# Draw the demo data, train on it, evaluate CAM beside CCAM, leave pictures.
set -euo pipefail
cd "$(dirname "$0")/.."
work=work_dirs/nlccam_demo

[ -e data/demo ] || python tools/make_demo_data.py data/demo
python tools/train.py configs/nlccam_demo.py
python tools/search_threshold.py configs/nlccam_demo.py "$work/epoch_4.pth"
python tools/test.py configs/nlccam_demo.py "$work/epoch_4.pth" --thresholds --out "$work/report.html"
echo "The page of the evaluation is $work/report.html"
echo "Pictures are in" "$work"/*/vis_data/vis_image
echo "Accuracy against threshold is drawn in $work/epoch_4.thresholds.png"
