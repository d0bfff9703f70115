# ResNet-50 with a stride of 8, as Choe et al. (CVPR 2020).
_base_ = 'gap.py'

weights = (
    _base_.weights
    or 'https://download.openmmlab.com/mmclassification/v0/resnet/resnet50_8xb32_in1k_20210831-ea4938fc.pth'  # noqa: E501
)
model = dict(
    backbone=dict(
        type='mmccam.ResNet',
        depth=50,
        strides=(1, 2, 1, 1),
        init_cfg=dict(type='Pretrained', checkpoint=weights),
    ),
    head=dict(in_channels=2048),
)
