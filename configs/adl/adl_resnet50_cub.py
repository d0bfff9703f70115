# ADL (Choe & Shim, CVPR 2019) with ResNet-50 on CUB-200-2011.
_base_ = ['../_base_/models/adl_resnet50.py', '../_base_/choe/cub_resnet50.py']

model = dict(backbone=dict(adl=dict(threshold=0.76, drop_rate=0.24)), head=_base_.head)
optim_wrapper = dict(optimizer=dict(lr=1.253438325e-2))
