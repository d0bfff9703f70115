# SPG (Zhang et al., ECCV 2018) with VGG-16 on CUB-200-2011.
_base_ = ['../_base_/models/spg_vgg16.py', '../_base_/choe/cub_vgg16.py']

model = dict(
    head=dict(
        _base_.head,
        thresholds_b2=(0.29, 0.23),
        thresholds_b1=(0.03, 0.02),
        thresholds_c=(0.82, 0.59),
    )
)
optim_wrapper = dict(_base_.rates, optimizer=dict(lr=1.2558923e-4))
