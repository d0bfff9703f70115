# Saliency maps on ILSVRC of an ImageNet VGG-16 with its fully connected layers, a file
# of mmpretrain. Nothing is trained. Of CCAM there is only that of MWP.
_base_ = [
    '../_base_/protocols/ilsvrc.py',
    '../_base_/schedules/paper.py',
    '../_base_/evaluators/saliency_vgg16.py',
]

conv5_3 = dict(layer='backbone.features.16')
cams = dict(
    _base_.saliency,
    grad_cam=dict(_base_.saliency.grad_cam, **conv5_3),
    grad_cam_pp=dict(_base_.saliency.grad_cam_pp, **conv5_3),
    layer_cam=dict(_base_.saliency.layer_cam, **conv5_3),
    mwp_ccam=dict(_base_.saliency.mwp, combination=_base_.ccam),
)
num_classes = _base_.head.num_classes
model = dict(
    type='mmccam.SaliencyClassifier',
    backbone=dict(type='VGG', depth=16, num_classes=num_classes),
    head=dict(type='mmccam.SaliencyClsHead', num_classes=num_classes, cams=cams),
)
val_evaluator = [dict(type='Accuracy', topk=(1, 5))]
test_evaluator = val_evaluator + _base_.saliency_evaluator
custom_hooks = [dict(type='mmccam.LocalizationVisualizationHook', map_name='mwp')]
