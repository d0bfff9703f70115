# ADL (Choe & Shim, CVPR 2019) with VGG-16 on CUB-200-2011.
_base_ = ['../_base_/models/adl_vgg16.py', '../_base_/choe/cub_vgg16.py']

model = dict(backbone=dict(adl=dict(threshold=0.72, drop_rate=0.33)), head=_base_.head)
optim_wrapper = dict(optimizer=dict(lr=2.430601e-5))
