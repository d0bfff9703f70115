# NL-CCAM on STL-10: quadratic combination. Pictures only, since there are no boxes.
_base_ = [
    '_base_/models/nlccam_vgg16.py',
    '_base_/datasets/stl10.py',
    '_base_/schedules/paper.py',
    '_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(num_classes=10),
    head=dict(num_classes=10),
)

val_evaluator = [dict(type='Accuracy', topk=(1,))]
test_evaluator = val_evaluator
custom_hooks = [dict(type='mmccam.LocalizationVisualizationHook', cam='ccam')]
