# TS-CAM (Gao et al., ICCV 2021) with DeiT-S on your own images.
_base_ = ['../_base_/models/tscam_deit_small.py', '../_base_/protocols/custom.py']

model = dict(head=_base_.head)
