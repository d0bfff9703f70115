# CutMix (Yun et al., ICCV 2019): training with mixed images.
_base_ = ['cam_inception_v3.py', 'cutmix.py']

model = dict(train_cfg=_base_.cutmix)
