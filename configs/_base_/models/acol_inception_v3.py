# ACoL (Zhang et al., CVPR 2018). There is no dropout, unlike in CAM's network.
_base_ = 'cam_inception_v3.py'

model = dict(
    neck=dict(dropout=0),
    head=dict(type='mmccam.ACoLHead', shared_channels=_base_.model.neck.in_channels),
)
