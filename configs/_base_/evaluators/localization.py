# Localization by CCAM and by the plain CAM of the same network; pictures of CCAM. The
# test also has MaxBoxAcc, what is wrong with the boxes, and pictures of the worst.
val_evaluator = [
    dict(type='Accuracy', topk=(1,)),
    dict(type='mmccam.CCAMLocalizationMetric', cam='ccam'),
    dict(type='mmccam.CCAMLocalizationMetric', cam='cam'),
]
test_evaluator = val_evaluator + [
    dict(type='mmccam.MaxBoxAcc', cam='ccam'),
    dict(type='mmccam.MaxBoxAcc', cam='cam'),
    dict(type='mmccam.LocalizationErrors', cam='ccam'),
    dict(type='mmccam.LocalizationErrors', cam='cam'),
]
custom_hooks = [
    dict(type='mmccam.LocalizationVisualizationHook', cam='ccam'),
    dict(type='mmccam.WorstImagesHook'),
]
