# SPG (Zhang et al., ECCV 2018): branches behind the first and the last block of layer3.
_base_ = ['cam_resnet50.py', 'spg.py', 'head_rates.py']

model = dict(
    backbone=dict(out_layers=('layer3.0', 'layer3')),
    head=dict(type='mmccam.SPGHead', b_channels=(1024, 1024), b_width=1024),
)
