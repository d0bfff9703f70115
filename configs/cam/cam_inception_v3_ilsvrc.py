# CAM (Zhou et al., CVPR 2016) with Inception-V3 on ILSVRC.
_base_ = [
    '../_base_/models/cam_inception_v3.py',
    '../_base_/choe/ilsvrc_inception_v3.py',
]

model = dict(head=_base_.head)
