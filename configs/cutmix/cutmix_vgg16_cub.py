# CutMix (Yun et al., ICCV 2019) with VGG-16 on CUB-200-2011.
_base_ = ['../_base_/models/cutmix_vgg16.py', '../_base_/choe/cub_vgg16.py']

cutmix = dict(augments=dict(alpha=0.85), probs=0.79)
model = dict(head=_base_.head, train_cfg=cutmix)
optim_wrapper = dict(optimizer=dict(lr=3.220934e-5))
