# Global average pooling and one linear layer; makes the plain CAM beside the CCAM.
_base_ = '../weights.py'

model = dict(
    type='ImageClassifier',
    head=dict(
        type='mmccam.GAPClsHead',
        cams=dict(
            ccam=dict(type='mmccam.Polynomial', degree=2),
            cam=dict(type='mmccam.TopBottom', i=1, j=0),
        ),
    ),
)
