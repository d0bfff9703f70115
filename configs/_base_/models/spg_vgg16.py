# SPG (Zhang et al., ECCV 2018): branches behind pool4 and conv5_3.
_base_ = ['nlccam_vgg16.py', 'spg.py']

channels = 512
model = dict(
    backbone=dict(
        non_local_stages=(),
        pools=((2, 2), (2, 2), (2, 2), (3, 2), None),
        out_indices=(3, 4),
    ),
    neck=dict(
        type='mmccam.ConvNeck', in_channels=channels, channels=(channels, channels)
    ),
    head=dict(type='mmccam.SPGHead', b_channels=(channels, channels)),
)
# Choe et al. count conv4 and conv5 to the layers that learn faster.
convs = [f'backbone.features.{layer}.' for layer in (10, 11, 12, 14, 15, 16)]
rates = dict(paramwise_cfg=dict(custom_keys={name: dict(lr_mult=10) for name in convs}))
