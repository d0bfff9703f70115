# HaS (Singh & Lee, ICCV 2017) with AlexNet on ILSVRC.
_base_ = ['../_base_/models/has_alexnet.py', '../_base_/paper/ilsvrc.py']

model = dict(head=_base_.head)
