# FCN of MMSegmentation on Cityscapes with a non-local VGG-16.
_base_ = [
    'mmseg::_base_/models/fcn_r50-d8.py',
    'mmseg::_base_/datasets/cityscapes.py',
    'mmseg::_base_/schedules/schedule_40k.py',
    'mmseg::_base_/default_runtime.py',
    '_base_/nonlocal_vgg16.py',
]

model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    pretrained=None,  # or it would stand in for the init_cfg of the backbone
    # Strides 4, 8, 16 and 16: the heads take the last two.
    backbone=dict(_base_.backbone, out_indices=(1, 2, 3, 4)),
    decode_head=dict(in_channels=512),
    auxiliary_head=dict(in_channels=512),
)
