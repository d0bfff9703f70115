# CutMix (Yun et al., ICCV 2019) with ResNet-50 on your own images.
_base_ = ['../_base_/models/cutmix_resnet50.py', '../_base_/protocols/custom.py']

model = dict(head=_base_.head)
