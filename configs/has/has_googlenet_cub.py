# HaS (Singh & Lee, ICCV 2017) with GoogLeNet on CUB-200-2011.
_base_ = ['../_base_/models/has_googlenet.py', '../_base_/paper/cub.py']

model = dict(head=_base_.head)
