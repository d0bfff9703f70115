# VGG-16 with non-local blocks; makes the plain CAM beside the CCAM.
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='mmccam.NonLocalVGG',
        depth=16,
        init_cfg=dict(
            type='Pretrained',
            # An ImageNet VGG-16 of mmpretrain or torchvision.
            checkpoint='{{$MMCCAM_WEIGHTS:https://download.openmmlab.com/mmclassification/v0/vgg/vgg16_batch256_imagenet_20210208-db26f1a5.pth}}',  # noqa: E501
        ),
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
