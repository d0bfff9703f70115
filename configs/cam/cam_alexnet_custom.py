# CAM (Zhou et al., CVPR 2016) with AlexNet on your own images.
_base_ = ['../_base_/models/cam_alexnet.py', '../_base_/protocols/custom.py']

model = dict(head=_base_.head)
