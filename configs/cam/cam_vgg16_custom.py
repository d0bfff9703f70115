# The former name of conv6/conv6_vgg16_custom.py.
_base_ = '../conv6/conv6_vgg16_custom.py'
