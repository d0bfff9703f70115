# The former name of plain/plain_vgg16_cub.py.
_base_ = '../plain/plain_vgg16_cub.py'
