# NL-CCAM on CUB-200-2011: quadratic combination, the paper's protocol.
_base_ = [
    '_base_/models/nlccam_vgg16.py',
    '_base_/datasets/cub.py',
    '_base_/schedules/paper.py',
    '_base_/evaluators/localization.py',
    '_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=_base_.data_preprocessor.num_classes))
