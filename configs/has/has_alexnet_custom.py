# HaS (Singh & Lee, ICCV 2017) with AlexNet on your own images.
_base_ = ['../_base_/models/has_alexnet.py', '../_base_/protocols/custom.py']

model = dict(head=_base_.head)
