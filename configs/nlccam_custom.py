# NL-CCAM on your own images: MMCCAM_DATA_ROOT is a folder in the metadata format,
# MMCCAM_WEIGHTS an ImageNet VGG-16 (optional), MMCCAM_SIZE the input side (224).
_base_ = [
    '_base_/models/nlccam_vgg16.py',
    '_base_/datasets/custom.py',
    '_base_/schedules/finetune.py',
    '_base_/evaluators/localization.py',
    '_base_/default_runtime.py',
]

model = dict(
    backbone=dict(frozen_stages=2),  # edges and textures are the same everywhere
    head=dict(num_classes=_base_.data_preprocessor.num_classes),
)
