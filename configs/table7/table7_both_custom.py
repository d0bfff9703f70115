# Table 7: non-local blocks in all four places; CAM and CCAM.
_base_ = '../nlccam_custom.py'
