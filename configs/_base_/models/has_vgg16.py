# HaS (Singh & Lee, ICCV 2017): training with hidden cells of the images.
_base_ = 'cam_vgg16.py'

model = dict(train_cfg=dict(augments=dict(type='mmccam.HideAndSeek')))
