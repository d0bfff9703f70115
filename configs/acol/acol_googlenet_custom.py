# ACoL (Zhang et al., CVPR 2018) with GoogLeNet on your own images.
_base_ = ['../_base_/models/acol_googlenet.py', '../_base_/protocols/custom.py']

model = dict(head=_base_.head)
