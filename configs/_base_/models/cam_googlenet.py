# GoogLeNet (torchvision) with a further convolution, as GoogLeNet-GAP (Zhou et al.,
# CVPR 2016).
_base_ = 'gap.py'

model = dict(
    backbone=dict(
        type='mmccam.GoogLeNet',
        init_cfg=dict(
            type='Pretrained', checkpoint=_base_.weights or 'torchvision://googlenet'
        ),
    ),
    neck=dict(type='mmccam.ConvNeck', in_channels=832, channels=(1024,)),
    head=dict(in_channels=1024),
)
