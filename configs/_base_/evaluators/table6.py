# The combination functions of the paper's Table 6, and what each is scored by.
table6_cams = dict(
    top1_bottom0=dict(type='mmccam.TopBottom', i=1, j=0),
    top1_bottom1=dict(type='mmccam.TopBottom', i=1, j=1),
    top1_bottom10=dict(type='mmccam.TopBottom', i=1, j=10),
    top1_bottom20=dict(type='mmccam.TopBottom', i=1, j=20),
    top0_bottom1=dict(type='mmccam.TopBottom', i=0, j=1),
    step=dict(type='mmccam.Polynomial', degree=0),
    linear=dict(type='mmccam.Polynomial', degree=1),
    quadratic=dict(type='mmccam.Polynomial', degree=2),
    cubic=dict(type='mmccam.Polynomial', degree=3),
)
table6_metrics = [
    dict(type='mmccam.CCAMLocalizationMetric'),
    dict(type='mmccam.MaxBoxAcc'),
]
# What is wrong with the plain CAM's boxes and with those of the paper's choice for CUB.
table6_errors = [
    dict(type='mmccam.LocalizationErrors', map_name='top1_bottom0'),
    dict(type='mmccam.LocalizationErrors', map_name='quadratic'),
]
table6_evaluator = [dict(type='Accuracy', topk=(1, 5)), *table6_errors] + [
    dict(metric, map_name=name) for name in table6_cams for metric in table6_metrics
]
table6_hooks = [
    dict(type='mmccam.LocalizationVisualizationHook', map_name='quadratic'),
    dict(type='mmccam.WorstImagesHook'),
]
