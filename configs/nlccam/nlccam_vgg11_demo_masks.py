# The demo's test images against masks instead of boxes: PxAP.
_base_ = '../nlccam_demo.py'

test_dataloader = dict(dataset=dict(split='test-masks'))
test_evaluator = [
    dict(type='Accuracy', topk=(1,)),
    dict(type='mmccam.PxAP', map_name='ccam'),
    dict(type='mmccam.PxAP', map_name='cam'),
]
custom_hooks = [dict(type='mmccam.LocalizationVisualizationHook', map_name='ccam')]
