# NL-CCAM on ILSVRC: top-1 & bottom-10, the paper's protocol.
_base_ = [
    '_base_/models/nlccam_vgg16_imagenet.py',
    '_base_/datasets/ilsvrc.py',
    '_base_/schedules/paper.py',
    '_base_/evaluators/localization.py',
    '_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=_base_.data_preprocessor.num_classes))
