# CAM (Zhou et al., CVPR 2016) with GoogLeNet on ILSVRC.
_base_ = ['../_base_/models/cam_googlenet.py', '../_base_/paper/ilsvrc.py']

model = dict(head=_base_.head)
