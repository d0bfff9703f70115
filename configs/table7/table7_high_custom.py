# Table 7: non-local blocks after pool4 and the last convolution; CAM and CCAM.
_base_ = '../nlccam_custom.py'

model = dict(backbone=dict(non_local_stages=(4, 5)))
