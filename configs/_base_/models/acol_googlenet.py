# ACoL (Zhang et al., CVPR 2018).
_base_ = 'cam_googlenet.py'

channels = 1024
model = dict(
    neck=dict(channels=(channels, channels)),
    head=dict(type='mmccam.ACoLHead', shared_channels=_base_.model.neck.in_channels),
)
