# The family "plain" on CUB-200-2011: the CAM and the CCAM of a VGG-16 as in the
# released code, without non-local blocks. With blocks it is nlccam_cub.py.
_base_ = '../nlccam_cub.py'

model = dict(backbone=dict(non_local_stages=()))
