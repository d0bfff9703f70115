"""The parts of the benchmark: each has a plain form and ours of one computation."""

from pathlib import Path

# Whose network, pipeline and metrics are measured.
CONFIG = Path(__file__).parents[2] / 'configs/nlccam_cub.py'
