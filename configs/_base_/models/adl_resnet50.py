# ADL (Choe & Shim, CVPR 2019) in the places of Choe et al. (2020).
_base_ = 'cam_resnet50.py'

layers = ('layer3.0', 'layer4.0', 'layer4.2')
model = dict(backbone=dict(adl=dict(layers=layers)))
