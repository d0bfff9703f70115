# Your own images: MMCCAM_DATA_ROOT is a folder in the metadata format, MMCCAM_WEIGHTS a
# file with ImageNet weights (optional), MMCCAM_SIZE the input side (224).
_base_ = [
    '../datasets/custom.py',
    '../schedules/finetune.py',
    '../evaluators/localization.py',
    '../default_runtime.py',
]

vgg = dict(frozen_stages=2)  # edges and textures are the same everywhere
head = dict(num_classes=_base_.data_preprocessor.num_classes)
