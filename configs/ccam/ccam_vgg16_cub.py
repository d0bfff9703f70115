# VGG-CCAM on CUB-200-2011: no non-local blocks.
_base_ = '../nlccam_cub.py'

model = dict(backbone=dict(non_local_stages=()))
