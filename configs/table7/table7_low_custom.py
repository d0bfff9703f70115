# Table 7: non-local blocks after pool2 and pool3; CAM and CCAM.
_base_ = '../nlccam_custom.py'

model = dict(backbone=dict(non_local_stages=(2, 3)))
