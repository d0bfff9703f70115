# A non-local VGG-16 in the place of another toolbox's backbone.
custom_imports = dict(imports=['mmccam'])
backbone = dict(
    _delete_=True,
    type='mmccam.NonLocalVGG',
    depth=16,
    out_indices=(1, 2, 4),  # strides 4, 8 and 16
    non_local_stages=(4, 5),
    frozen_stages=2,
    init_cfg=dict(
        type='Pretrained',
        # An ImageNet VGG-16 of mmpretrain or torchvision, or a model of mmccam.
        checkpoint='{{$MMCCAM_WEIGHTS:https://download.openmmlab.com/mmclassification/v0/vgg/vgg16_batch256_imagenet_20210208-db26f1a5.pth}}',  # noqa: E501
    ),
)
