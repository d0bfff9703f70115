# The family "plain" on your own images: the CAM and the CCAM of a VGG-16 as in the
# released code, without non-local blocks. With blocks it is nlccam_custom.py.
_base_ = '../nlccam_custom.py'

model = dict(backbone=dict(non_local_stages=()))
