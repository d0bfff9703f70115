# AlexNet with a further convolution, as AlexNet-GAP (Zhou et al., CVPR 2016).
_base_ = 'gap.py'

model = dict(
    backbone=dict(
        type='mmccam.AlexNet',
        init_cfg=dict(
            type='Pretrained', checkpoint=_base_.weights or 'torchvision://alexnet'
        ),
    ),
    neck=dict(type='mmccam.ConvNeck', in_channels=256, channels=(1024,)),
    head=dict(in_channels=1024),
)
