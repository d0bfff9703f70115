# Faster R-CNN of MMDetection on COCO with a non-local VGG-16.
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    'mmdet::_base_/default_runtime.py',
    '_base_/nonlocal_vgg16.py',
]

model = dict(
    backbone=_base_.backbone,
    # Further levels of 32 and 64 make the strides of the anchors.
    neck=dict(in_channels=[128, 256, 512]),
)
optim_wrapper = dict(optimizer=dict(_delete_=True, type='AdamW', lr=1e-4))
