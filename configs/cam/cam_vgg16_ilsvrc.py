# The former name of conv6/conv6_vgg16_ilsvrc.py.
_base_ = '../conv6/conv6_vgg16_ilsvrc.py'
