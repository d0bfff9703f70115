# ADL (Choe & Shim, CVPR 2019) with Inception-V3 on CUB-200-2011.
_base_ = ['../_base_/models/adl_inception_v3.py', '../_base_/choe/cub_inception_v3.py']

adl = dict(threshold=0.86, drop_rate=0.69)
model = dict(backbone=dict(adl=adl), neck=dict(adl=adl), head=_base_.head)
optim_wrapper = dict(optimizer=dict(lr=3.8655054e-4))
