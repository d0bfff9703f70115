# VGG-CCAM on ILSVRC: no non-local blocks.
_base_ = '../nlccam_ilsvrc.py'

model = dict(backbone=dict(non_local_stages=()))
