# TS-CAM (Gao et al., ICCV 2021): DeiT-S, whose weights are a file of mmpretrain.
_base_ = 'gap.py'

weights = (
    _base_.weights
    or 'https://download.openmmlab.com/mmclassification/v0/deit/deit-small_pt-4xb256_in1k_20220218-9425b9bb.pth'  # noqa: E501
)
model = dict(
    backbone=dict(
        type='mmccam.ClassAttentionViT',
        arch='deit-small',
        drop_path_rate=0.1,
        init_cfg=dict(type='Pretrained', checkpoint=weights, prefix='backbone'),
    ),
    head=dict(type='mmccam.TSCAMHead', in_channels=384),
)
