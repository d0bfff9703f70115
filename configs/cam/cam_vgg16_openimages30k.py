# CAM (Zhou et al., CVPR 2016) with VGG-16 on OpenImages30k.
_base_ = ['../_base_/models/cam_vgg16.py', '../_base_/choe/openimages30k_vgg16.py']

model = dict(head=_base_.head)
