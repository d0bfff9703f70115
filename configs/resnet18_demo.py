# An ordinary classifier of mmpretrain on the demo data, which knows nothing of maps: a
# ResNet-18 with a stride of 8. ccam_resnet18_demo.py gives it maps when it is trained.
_base_ = 'nlccam_demo.py'

model = dict(
    backbone=dict(_delete_=True, type='ResNet', depth=18, strides=(1, 2, 1, 1)),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(_delete_=True, type='LinearClsHead', num_classes=12, in_channels=512),
)
val_evaluator = [dict(type='Accuracy', topk=(1,))]
test_evaluator = val_evaluator
custom_hooks = []
