# CutMix (Yun et al., ICCV 2019) with ResNet-50 on CUB-200-2011.
_base_ = ['../_base_/models/cutmix_resnet50.py', '../_base_/choe/cub_resnet50.py']

cutmix = dict(augments=dict(alpha=1.35), probs=0.24)  # or 0.34: sources differ
model = dict(head=_base_.head, train_cfg=cutmix)
optim_wrapper = dict(optimizer=dict(lr=3.333722e-4))
