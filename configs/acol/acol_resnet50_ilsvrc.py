# ACoL (Zhang et al., CVPR 2018) with ResNet-50 on ILSVRC.
_base_ = ['../_base_/models/acol_resnet50.py', '../_base_/choe/ilsvrc_resnet50.py']

model = dict(head=_base_.head)
optim_wrapper = _base_.rates
