# The network of resnet18_demo.py with maps: its checkpoint is evaluated without further
# training.
_base_ = ['resnet18_demo.py', '_base_/evaluators/ccam.py']

model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='mmccam.GAPClsHead',
        num_classes=12,
        in_channels=512,
        cams=dict(
            ccam=dict(type='mmccam.Polynomial', degree=2),
            cam=dict(type='mmccam.TopBottom', i=1, j=0),
        ),
    ),
)
