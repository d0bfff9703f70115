# HaS (Singh & Lee, ICCV 2017) with Inception-V3 on CUB-200-2011.
_base_ = ['../_base_/models/has_inception_v3.py', '../_base_/choe/cub_inception_v3.py']

model = dict(
    head=_base_.head,
    train_cfg=dict(augments=dict(type='mmccam.HideAndSeek', grid=170, rate=0.26)),
)
optim_wrapper = dict(optimizer=dict(lr=1.400558066e-2))
