# ADL (Choe & Shim, CVPR 2019) behind pool3, conv4_3 and conv5_3, as Choe et al. (2020).
_base_ = 'cam_vgg16.py'

layers = ('features.9', 'features.12', 'features.16')
model = dict(backbone=dict(adl=dict(layers=layers)))
