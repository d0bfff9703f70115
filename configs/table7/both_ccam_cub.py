# Table 7: non-local blocks in all stages, CCAM.
_base_ = '../nlccam_cub.py'
