# A demo of two minutes on a CPU, from scratch: a small VGG-11 with batch norm, a stride
# of 8 and non-local blocks, on the images that tools/make_demo_data.py draws.
_base_ = [
    '_base_/models/nlccam_vgg16.py',
    '_base_/datasets/wsol.py',
    '_base_/schedules/paper.py',
    '_base_/evaluators/ccam.py',
    '_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(num_classes=12),
    backbone=dict(
        depth=11,
        num_stages=4,
        non_local_stages=(3, 4),
        norm_cfg=dict(type='BN'),
        init_cfg=None,
    ),
    head=dict(num_classes=12),
)

train_pipeline = _base_.train_pipeline
train_pipeline[0].transforms[1].scale = (72, 72)
train_pipeline[1].crop_size = 64
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (64, 64)
data_root = 'data/demo'
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))

optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=20),
    dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=4, val_interval=4)
