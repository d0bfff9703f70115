# The former name of plain/plain_vgg16_custom.py.
_base_ = '../plain/plain_vgg16_custom.py'
