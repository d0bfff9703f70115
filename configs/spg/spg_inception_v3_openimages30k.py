# SPG (Zhang et al., ECCV 2018) with Inception-V3 on OpenImages30k.
_base_ = [
    '../_base_/models/spg_inception_v3.py',
    '../_base_/choe/openimages30k_inception_v3.py',
]

model = dict(head=dict(_base_.head, thresholds_b2=_base_.thresholds_b2))
