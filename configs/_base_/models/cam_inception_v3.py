# Inception-V3 with a stride of 8 and two further convolutions: SPG-plain (Zhang et al.,
# ECCV 2018), and the network of Choe et al. (CVPR 2020).
_base_ = 'gap.py'

weights = (
    _base_.weights
    or 'https://download.openmmlab.com/mmclassification/v0/inception-v3/inception-v3_3rdparty_8xb32_in1k_20220615-dcd4d910.pth'  # noqa: E501
)
model = dict(
    backbone=dict(
        type='mmccam.InceptionV3',
        stride=8,
        init_cfg=dict(type='Pretrained', checkpoint=weights),
    ),
    neck=dict(
        type='mmccam.ConvNeck', in_channels=768, channels=(1024, 1024), dropout=0.5
    ),
    head=dict(in_channels=1024),
)
