# ACoL (Zhang et al., CVPR 2018) with GoogLeNet on ILSVRC.
_base_ = ['../_base_/models/acol_googlenet.py', '../_base_/paper/ilsvrc.py']

model = dict(head=_base_.head)
