# Table 7: no non-local blocks; CAM and CCAM.
_base_ = '../nlccam_custom.py'

model = dict(backbone=dict(non_local_stages=()))
