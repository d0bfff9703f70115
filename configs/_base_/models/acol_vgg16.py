# ACoL (Zhang et al., CVPR 2018). Its pools overlap, and the last stage has one, too.
_base_ = 'nlccam_vgg16.py'

shared, channels = 512, 1024
model = dict(
    backbone=dict(non_local_stages=(), pools=((3, 2), (3, 2), (3, 2), (3, 2), (3, 1))),
    neck=dict(
        type='mmccam.ConvNeck',
        in_channels=shared,
        channels=(channels, channels),
        pool=True,
    ),
    head=dict(type='mmccam.ACoLHead', in_channels=channels, shared_channels=shared),
)
