# CutMix (Yun et al., ICCV 2019) with Inception-V3 on OpenImages30k.
_base_ = [
    '../_base_/models/cutmix_inception_v3.py',
    '../_base_/choe/openimages30k_inception_v3.py',
]

model = dict(head=_base_.head)
