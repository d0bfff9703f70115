# CAM (Zhou et al., CVPR 2016) with ResNet-50 on CUB-200-2011.
_base_ = ['../_base_/models/cam_resnet50.py', '../_base_/choe/cub_resnet50.py']

model = dict(head=_base_.head)
optim_wrapper = dict(optimizer=dict(lr=2.3222617e-4))
