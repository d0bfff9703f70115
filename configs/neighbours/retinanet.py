# RetinaNet of MMDetection on COCO with a non-local VGG-16.
_base_ = [
    'mmdet::_base_/models/retinanet_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    'mmdet::_base_/default_runtime.py',
]
custom_imports = dict(imports=['mmccam'])

model = dict(
    backbone=dict(
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
    ),
    # From stride 8 on; further levels of 32, 64 and 128 make those of the anchors.
    neck=dict(in_channels=[128, 256, 512]),
)
optim_wrapper = dict(optimizer=dict(_delete_=True, type='AdamW', lr=1e-4))
