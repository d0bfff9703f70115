# SPG (Zhang et al., ECCV 2018) with VGG-16 on OpenImages30k.
_base_ = ['../_base_/models/spg_vgg16.py', '../_base_/choe/openimages30k_vgg16.py']

model = dict(head=dict(_base_.head, thresholds_b2=_base_.thresholds_b2))
optim_wrapper = _base_.rates
