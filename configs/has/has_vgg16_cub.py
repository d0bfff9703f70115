# HaS (Singh & Lee, ICCV 2017) with VGG-16 on CUB-200-2011.
_base_ = ['../_base_/models/has_vgg16.py', '../_base_/choe/cub_vgg16.py']

model = dict(
    head=_base_.head,
    train_cfg=dict(augments=dict(type='mmccam.HideAndSeek', grid=65, rate=0.47)),
)
optim_wrapper = dict(optimizer=dict(lr=1.43e-3))  # or 3.43e-3: sources differ
