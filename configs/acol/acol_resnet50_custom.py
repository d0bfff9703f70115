# ACoL (Zhang et al., CVPR 2018) with ResNet-50 on your own images.
_base_ = ['../_base_/models/acol_resnet50.py', '../_base_/protocols/custom.py']

model = dict(head=_base_.head)
