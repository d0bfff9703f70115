# NL-CCAM on STL-10: quadratic combination. Pictures only, since there are no boxes.
_base_ = [
    '../_base_/models/nlccam_vgg16.py',
    '../_base_/datasets/stl10.py',
    '../_base_/schedules/paper.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=_base_.data_preprocessor.num_classes))

val_evaluator = [dict(type='Accuracy', topk=(1,))]
test_evaluator = val_evaluator
custom_hooks = [dict(type='mmccam.LocalizationVisualizationHook', map_name='ccam')]
