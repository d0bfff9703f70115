# A demo of two minutes on a CPU, from scratch: a small VGG-11 with batch norm, a stride
# of 8 and non-local blocks, on the images that tools/make_demo_data.py draws.
_base_ = [
    '_base_/models/nlccam_vgg16.py',
    '_base_/datasets/demo.py',
    '_base_/schedules/paper.py',
    '_base_/evaluators/localization.py',
    '_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        depth=11,
        num_stages=4,
        non_local_stages=(3, 4),
        norm_cfg=dict(type='BN'),
        init_cfg=None,
    ),
    head=dict(num_classes=_base_.data_preprocessor.num_classes),
)

optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=20),
    dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=4, val_interval=4)
