# NL-CCAM on your own images: MMCCAM_DATA_ROOT is a folder in the metadata format,
# MMCCAM_WEIGHTS an ImageNet VGG-16 (optional), MMCCAM_SIZE the input side (224).
_base_ = ['_base_/models/nlccam_vgg16.py', '_base_/protocols/custom.py']

model = dict(backbone=_base_.vgg, head=_base_.head)
