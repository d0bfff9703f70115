# CAM (Zhou et al., CVPR 2016) with ResNet-50 on OpenImages30k.
_base_ = [
    '../_base_/models/cam_resnet50.py',
    '../_base_/choe/openimages30k_resnet50.py',
]

model = dict(head=_base_.head)
