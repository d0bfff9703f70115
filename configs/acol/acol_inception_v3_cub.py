# ACoL (Zhang et al., CVPR 2018) with Inception-V3 on CUB-200-2011.
_base_ = ['../_base_/models/acol_inception_v3.py', '../_base_/choe/cub_inception_v3.py']

model = dict(head=dict(_base_.head, threshold=0.79))
optim_wrapper = dict(optimizer=dict(lr=6.58832165e-3))
