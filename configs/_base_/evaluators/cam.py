# Localization by the plain CAM, and pictures of it.
val_evaluator = [
    dict(type='Accuracy', topk=(1,)),
    dict(type='mmccam.CCAMLocalizationMetric', cam='cam'),
]
test_evaluator = val_evaluator
custom_hooks = [dict(type='mmccam.LocalizationVisualizationHook', cam='cam')]
