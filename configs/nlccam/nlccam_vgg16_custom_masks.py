# NL-CCAM on your own images with masks instead of boxes: PxAP.
_base_ = '../nlccam_custom.py'

val_evaluator = [
    dict(type='Accuracy', topk=(1,)),
    dict(type='mmccam.PxAP', map_name='ccam'),
    dict(type='mmccam.PxAP', map_name='cam'),
]
test_evaluator = val_evaluator
custom_hooks = [dict(type='mmccam.LocalizationVisualizationHook', map_name='ccam')]
