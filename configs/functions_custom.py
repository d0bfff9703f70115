# The combination functions side by side on your own images; needs more than 5 classes.
_base_ = 'nlccam_custom.py'

model = dict(
    head=dict(
        cams=dict(
            _delete_=True,
            top1_bottom0=dict(type='mmccam.TopBottom', i=1, j=0),
            top1_bottom1=dict(type='mmccam.TopBottom', i=1, j=1),
            top1_bottom5=dict(type='mmccam.TopBottom', i=1, j=5),
            linear=dict(type='mmccam.Polynomial', degree=1),
            quadratic=dict(type='mmccam.Polynomial', degree=2),
        )
    )
)
val_evaluator = [dict(type='Accuracy', topk=(1,))] + [
    dict(type='mmccam.CCAMLocalizationMetric', cam=name)
    for name in model['head']['cams']
    if name != '_delete_'
]
test_evaluator = val_evaluator
custom_hooks = [dict(type='mmccam.LocalizationVisualizationHook', cam='quadratic')]
