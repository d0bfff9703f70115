# The former name of conv6/conv6_vgg16_cub.py.
_base_ = '../conv6/conv6_vgg16_cub.py'
