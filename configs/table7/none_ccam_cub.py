# Table 7: no non-local blocks, CCAM.
_base_ = '../vggccam_cub.py'
