# CutMix (Yun et al., ICCV 2019) with ResNet-50 on ILSVRC.
_base_ = ['../_base_/models/cutmix_resnet50.py', '../_base_/choe/ilsvrc_resnet50.py']

model = dict(head=_base_.head)
