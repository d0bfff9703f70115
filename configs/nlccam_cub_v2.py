# NL-CCAM on CUBV2 (Choe et al.): quadratic combination.
_base_ = [
    '_base_/models/nlccam_vgg16.py',
    '_base_/datasets/cub_v2.py',
    '_base_/schedules/paper.py',
    '_base_/evaluators/ccam.py',
    '_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(num_classes=200),
    head=dict(num_classes=200),
)
