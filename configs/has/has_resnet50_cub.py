# HaS (Singh & Lee, ICCV 2017) with ResNet-50 on CUB-200-2011.
_base_ = ['../_base_/models/has_resnet50.py', '../_base_/choe/cub_resnet50.py']

model = dict(
    head=_base_.head,
    train_cfg=dict(augments=dict(type='mmccam.HideAndSeek', grid=120, rate=0.66)),
)
optim_wrapper = dict(optimizer=dict(lr=3.61996526e-3))
