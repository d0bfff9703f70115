# Localization by CCAM and, beside it, by the plain CAM; pictures of CCAM.
val_evaluator = [
    dict(type='Accuracy', topk=(1,)),
    dict(type='mmccam.CCAMLocalizationMetric', cam='ccam'),
    dict(type='mmccam.CCAMLocalizationMetric', cam='cam'),
]
test_evaluator = val_evaluator
custom_hooks = [dict(type='mmccam.LocalizationVisualizationHook', cam='ccam')]
