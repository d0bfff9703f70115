# ACoL (Zhang et al., CVPR 2018).
_base_ = ['cam_resnet50.py', 'head_rates.py']

shared, channels = _base_.model.head.in_channels, 1024
model = dict(
    neck=dict(
        type='mmccam.ConvNeck', in_channels=shared, channels=(channels, channels)
    ),
    head=dict(type='mmccam.ACoLHead', in_channels=channels, shared_channels=shared),
)
