# ACoL (Zhang et al., CVPR 2018) with VGG-16 on your own images.
_base_ = ['../_base_/models/acol_vgg16.py', '../_base_/protocols/custom.py']

model = dict(backbone=_base_.vgg, head=_base_.head)
