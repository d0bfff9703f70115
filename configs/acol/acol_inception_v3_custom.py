# ACoL (Zhang et al., CVPR 2018) with Inception-V3 on your own images.
_base_ = ['../_base_/models/acol_inception_v3.py', '../_base_/protocols/custom.py']

model = dict(head=_base_.head)
