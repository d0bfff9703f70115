# Table 6 on your own images: all combination functions for which there are enough
# classes, and two that the paper has not.
_base_ = ['../nlccam_custom.py', '../_base_/evaluators/table6.py']

num_classes = _base_.data_preprocessor.num_classes
cams = {
    name: function
    for name, function in dict(
        _base_.table6_cams,
        top1_bottom5=dict(type='mmccam.TopBottom', i=1, j=5),
        above_mean=dict(type='mmccam.AboveMean'),
    ).items()
    if function.get('i', 0) + function.get('j', 0) <= num_classes
}
model = dict(head=dict(cams=dict(cams, _delete_=True)))
accuracy = dict(type='Accuracy', topk=(1, min(5, num_classes)))
test_evaluator = [accuracy, *_base_.table6_errors] + [
    dict(metric, map_name=name) for name in cams for metric in _base_.table6_metrics
]
val_evaluator = test_evaluator[:1]
custom_hooks = _base_.table6_hooks
