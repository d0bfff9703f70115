# The former name of plain/plain_vgg16_ilsvrc.py.
_base_ = '../plain/plain_vgg16_ilsvrc.py'
