# The family "plain" on ILSVRC: the CAM and the CCAM of a VGG-16 as in the
# released code, without non-local blocks. With blocks it is nlccam_ilsvrc.py.
_base_ = '../nlccam_ilsvrc.py'

model = dict(backbone=dict(non_local_stages=()))
