# VGG-16 with non-local blocks; makes the plain CAM beside the CCAM.
# Without _base_ mmengine reads a file that imports as another kind.
_base_ = []

import os  # noqa: E402

# An ImageNet VGG-16 of mmpretrain or torchvision.
weights = (
    os.environ.get('MMCCAM_WEIGHTS')
    or 'https://download.openmmlab.com/mmclassification/v0/vgg/vgg16_batch256_imagenet_20210208-db26f1a5.pth'  # noqa: E501
)
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='mmccam.NonLocalVGG',
        depth=16,
        init_cfg=dict(type='Pretrained', checkpoint=weights),
    ),
    head=dict(
        type='mmccam.GAPClsHead',
        in_channels=512,
        cams=dict(
            ccam=dict(type='mmccam.Polynomial', degree=2),
            cam=dict(type='mmccam.TopBottom', i=1, j=0),
        ),
    ),
)
