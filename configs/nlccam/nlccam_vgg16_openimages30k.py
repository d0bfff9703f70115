# NL-CCAM on OpenImages30k (Choe et al.): quadratic combination, measured by masks.
_base_ = [
    '../_base_/models/nlccam_vgg16.py',
    '../_base_/datasets/openimages30k.py',
    '../_base_/schedules/paper.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=_base_.data_preprocessor.num_classes))
# Beside the last two, as best_ccam_px_ap_epoch_<n>.pth.
default_hooks = dict(checkpoint=dict(save_best='ccam/px_ap', rule='greater'))

val_evaluator = [
    dict(type='Accuracy', topk=(1, 5)),
    dict(type='mmccam.PxAP', map_name='ccam', scaled_masks=True),
    dict(type='mmccam.PxAP', map_name='cam', scaled_masks=True),
]
test_evaluator = val_evaluator
custom_hooks = [dict(type='mmccam.LocalizationVisualizationHook', map_name='ccam')]
