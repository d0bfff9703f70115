# SPG (Zhang et al., ECCV 2018) with ResNet-50 on ILSVRC.
_base_ = ['../_base_/models/spg_resnet50.py', '../_base_/choe/ilsvrc_resnet50.py']

model = dict(head=dict(_base_.head, thresholds_b2=_base_.thresholds_b2))
optim_wrapper = _base_.rates
