# SPG (Zhang et al., ECCV 2018): branches behind Mixed_5d and Mixed_6d.
_base_ = ['cam_inception_v3.py', 'spg.py']

model = dict(
    # With a stride of 16 the first branch is behind the pool after Mixed_5d.
    backbone=dict(out_layers=('maxpool3', 'Mixed_6d')),
    head=dict(type='mmccam.SPGHead', b_channels=(288, 768)),
)
