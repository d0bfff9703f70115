# ACoL (Zhang et al., CVPR 2018) with ResNet-50 on CUB-200-2011.
_base_ = ['../_base_/models/acol_resnet50.py', '../_base_/choe/cub_resnet50.py']

model = dict(head=dict(_base_.head, threshold=0.57))
optim_wrapper = dict(_base_.rates, optimizer=dict(lr=1.700073e-5))
