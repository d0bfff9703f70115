# HaS (Singh & Lee, ICCV 2017) with AlexNet on CUB-200-2011.
_base_ = ['../_base_/models/has_alexnet.py', '../_base_/paper/cub.py']

model = dict(head=_base_.head)
