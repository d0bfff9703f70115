# VGG-CCAM on your own images: no non-local blocks.
_base_ = '../nlccam_custom.py'

model = dict(backbone=dict(non_local_stages=()))
