# HaS (Singh & Lee, ICCV 2017) with VGG-16 on OpenImages30k.
_base_ = ['../_base_/models/has_vgg16.py', '../_base_/choe/openimages30k_vgg16.py']

model = dict(head=_base_.head)
