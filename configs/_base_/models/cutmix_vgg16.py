# CutMix (Yun et al., ICCV 2019): training with mixed images.
_base_ = ['cam_vgg16.py', 'cutmix.py']

model = dict(train_cfg=_base_.cutmix)
