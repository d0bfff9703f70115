# VGG-16 with non-local blocks; its weights are a file of mmpretrain or torchvision.
_base_ = 'gap.py'

weights = (
    _base_.weights
    or 'https://download.openmmlab.com/mmclassification/v0/vgg/vgg16_batch256_imagenet_20210208-db26f1a5.pth'  # noqa: E501
)
model = dict(
    backbone=dict(
        type='mmccam.NonLocalVGG',
        depth=16,
        init_cfg=dict(type='Pretrained', checkpoint=weights),
    ),
    head=dict(in_channels=512),
)
