# Table 6 on CUB-200-2011: all combination functions on the network of nlccam_cub.py.
_base_ = ['../nlccam_cub.py', '../_base_/evaluators/table6.py']

model = dict(head=dict(cams=dict(_base_.table6_cams, _delete_=True)))
val_evaluator = _base_.table6_evaluator[:1]
test_evaluator = _base_.table6_evaluator
custom_hooks = _base_.table6_hooks
