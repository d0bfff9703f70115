# NL-CCAM on ImageNetV2 (Choe et al.): top-1 & bottom-10.
_base_ = [
    '../_base_/models/nlccam_vgg16_imagenet.py',
    '../_base_/datasets/imagenet_v2.py',
    '../_base_/schedules/paper.py',
    '../_base_/evaluators/localization_v2.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=_base_.data_preprocessor.num_classes))
# Beside the last two, as best_ccam_max_box_acc_v2_epoch_<n>.pth.
default_hooks = dict(checkpoint=dict(save_best='ccam/max_box_acc_v2', rule='greater'))
