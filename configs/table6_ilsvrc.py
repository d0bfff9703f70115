# Table 6 on ILSVRC: all combination functions on the network of nlccam_ilsvrc.py.
_base_ = ['nlccam_ilsvrc.py', '_base_/evaluators/table6.py']

model = dict(head=dict(cams=dict(_base_.table6_cams, _delete_=True)))
test_evaluator = [dict(type='Accuracy', topk=(1, 5)), *_base_.table6_errors] + [
    dict(metric, cam=name)
    for name in _base_.table6_cams
    for metric in _base_.table6_metrics
]
val_evaluator = test_evaluator[:1]
custom_hooks = _base_.table6_hooks
