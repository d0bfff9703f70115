# For the 1000 classes of ImageNet: top-1 & bottom-10.
_base_ = 'nlccam_vgg16.py'

model = dict(
    data_preprocessor=dict(num_classes=1000),
    head=dict(
        num_classes=1000,
        cams=dict(ccam=dict(_delete_=True, type='mmccam.TopBottom', i=1, j=10)),
    ),
)
