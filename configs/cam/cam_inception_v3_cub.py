# CAM (Zhou et al., CVPR 2016) with Inception-V3 on CUB-200-2011.
_base_ = ['../_base_/models/cam_inception_v3.py', '../_base_/choe/cub_inception_v3.py']

model = dict(head=_base_.head)
optim_wrapper = dict(optimizer=dict(lr=2.24844746e-3))
