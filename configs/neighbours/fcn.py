# FCN of MMSegmentation on Cityscapes with a non-local VGG-16.
_base_ = [
    'mmseg::_base_/models/fcn_r50-d8.py',
    'mmseg::_base_/datasets/cityscapes.py',
    'mmseg::_base_/schedules/schedule_40k.py',
    'mmseg::_base_/default_runtime.py',
]
custom_imports = dict(imports=['mmccam'])

model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    pretrained=None,  # or it would stand in for the init_cfg of the backbone
    backbone=dict(
        _delete_=True,
        type='mmccam.NonLocalVGG',
        depth=16,
        out_indices=(1, 2, 3, 4),  # strides 4, 8, 16 and 16
        non_local_stages=(4, 5),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='{{$MMCCAM_WEIGHTS:https://download.openmmlab.com/mmclassification/v0/vgg/vgg16_batch256_imagenet_20210208-db26f1a5.pth}}',  # noqa: E501
        ),
    ),
    decode_head=dict(in_channels=512),
    auxiliary_head=dict(in_channels=512),
)
