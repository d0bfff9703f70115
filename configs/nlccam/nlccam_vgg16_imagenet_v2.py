# NL-CCAM on ImageNetV2 (Choe et al.): top-1 & bottom-10.
_base_ = [
    '../_base_/models/nlccam_vgg16_imagenet.py',
    '../_base_/datasets/imagenet_v2.py',
    '../_base_/schedules/paper.py',
    '../_base_/evaluators/localization.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=_base_.data_preprocessor.num_classes))
