# SPG (Zhang et al., ECCV 2018) with ResNet-50 on CUB-200-2011.
_base_ = ['../_base_/models/spg_resnet50.py', '../_base_/choe/cub_resnet50.py']

model = dict(
    head=dict(
        _base_.head,
        thresholds_b2=(0.41, 0.35),
        thresholds_b1=(0.24, 0.21),
        thresholds_c=(0.12, 0.08),
    )
)
optim_wrapper = dict(_base_.rates, optimizer=dict(lr=4.521947e-5))
