# CCAM and the plain CAM of the same network by masks; pictures of CCAM.
val_evaluator = [
    dict(type='Accuracy', topk=(1, 5)),
    dict(type='mmccam.PxAP', map_name='ccam', scaled_masks=True),
    dict(type='mmccam.PxAP', map_name='cam', scaled_masks=True),
]
test_evaluator = val_evaluator
custom_hooks = [dict(type='mmccam.LocalizationVisualizationHook', map_name='ccam')]
