# CAM (Zhou et al., CVPR 2016) with VGG-16 on CUB-200-2011, as Choe et al. train it.
_base_ = ['../_base_/models/cam_vgg16.py', '../_base_/choe/cub_vgg16.py']

model = dict(head=_base_.head)
optim_wrapper = dict(optimizer=dict(lr=1.268269e-5))
