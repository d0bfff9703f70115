# CutMix (Yun et al., ICCV 2019) with Inception-V3 on CUB-200-2011.
_base_ = [
    '../_base_/models/cutmix_inception_v3.py',
    '../_base_/choe/cub_inception_v3.py',
]

cutmix = dict(augments=dict(alpha=0.04), probs=0.3)
model = dict(head=_base_.head, train_cfg=cutmix)
optim_wrapper = dict(optimizer=dict(lr=2.25171726e-3))
