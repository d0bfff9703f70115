# NL-CCAM on OpenImages30k (Choe et al.): quadratic combination, measured by masks.
_base_ = ['../_base_/models/nlccam_vgg16.py', '../_base_/paper/openimages30k.py']

model = dict(head=_base_.head)
