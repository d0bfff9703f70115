# Localization by CCAM and by the plain CAM of the same network; pictures of CCAM. The
# test also has MaxBoxAcc, what is wrong with the boxes, and pictures of the worst.
val_evaluator = [
    dict(type='Accuracy', topk=(1,)),
    dict(type='mmccam.CCAMLocalizationMetric', map_name='ccam'),
    dict(type='mmccam.CCAMLocalizationMetric', map_name='cam'),
]
test_evaluator = val_evaluator + [
    dict(type='mmccam.MaxBoxAcc', map_name='ccam'),
    dict(type='mmccam.MaxBoxAcc', map_name='cam'),
    dict(type='mmccam.LocalizationErrors', map_name='ccam'),
    dict(type='mmccam.LocalizationErrors', map_name='cam'),
]
custom_hooks = [
    dict(type='mmccam.LocalizationVisualizationHook', map_name='ccam'),
    dict(type='mmccam.WorstImagesHook'),
]
