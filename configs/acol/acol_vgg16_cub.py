# ACoL (Zhang et al., CVPR 2018) with VGG-16 on CUB-200-2011.
_base_ = ['../_base_/models/acol_vgg16.py', '../_base_/choe/cub_vgg16.py']

model = dict(head=dict(_base_.head, threshold=0.89))
optim_wrapper = dict(optimizer=dict(lr=1.0569582e-4))
