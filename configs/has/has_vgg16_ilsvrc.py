# HaS (Singh & Lee, ICCV 2017) with VGG-16 on ILSVRC.
_base_ = ['../_base_/models/has_vgg16.py', '../_base_/choe/ilsvrc_vgg16.py']

model = dict(head=_base_.head)
