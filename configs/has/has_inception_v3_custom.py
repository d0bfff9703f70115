# HaS (Singh & Lee, ICCV 2017) with Inception-V3 on your own images.
_base_ = ['../_base_/models/has_inception_v3.py', '../_base_/protocols/custom.py']

model = dict(head=_base_.head)
