# CUB-200-2011 and what is measured there; without a schedule.
_base_ = [
    '../datasets/cub.py',
    '../evaluators/localization.py',
    '../default_runtime.py',
]

head = dict(num_classes=_base_.data_preprocessor.num_classes)
