# SPG (Zhang et al., ECCV 2018) with Inception-V3 on CUB-200-2011.
_base_ = ['../_base_/models/spg_inception_v3.py', '../_base_/choe/cub_inception_v3.py']

model = dict(
    head=dict(
        _base_.head,
        thresholds_b2=(0.28, 0.02),
        thresholds_b1=(0.17, 0.03),
        thresholds_c=(0.47, 0.31),
    )
)
optim_wrapper = dict(optimizer=dict(lr=3.360682e-4))
