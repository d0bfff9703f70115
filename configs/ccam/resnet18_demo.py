# An ordinary classifier of mmpretrain on the demo data, which knows nothing of maps.
_base_ = 'ccam_resnet18_demo.py'

model = dict(
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        _delete_=True,
        type='LinearClsHead',
        num_classes=_base_.data_preprocessor.num_classes,
        in_channels=512,
    ),
)
val_evaluator = [dict(type='Accuracy', topk=(1,))]
test_evaluator = val_evaluator
custom_hooks = []
