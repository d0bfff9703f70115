# RetinaNet on the pseudo boxes of the demo, which starts as its classifier, measured by
# the true boxes of the test split.
_base_ = 'retinanet.py'

from mmccam.datasets.metadata import read_classes  # noqa: E402

data_root = 'data/demo'
boxes = 'work_dirs/pseudo_boxes'
classes = read_classes(data_root)

model = dict(
    backbone=dict(
        depth=11,
        num_stages=4,
        out_indices=(1, 3),  # strides 4 and 8
        non_local_stages=(3, 4),
        norm_cfg=dict(type='BN'),
        init_cfg=dict(checkpoint='work_dirs/nlccam_demo/epoch_4.pth'),
    ),
    neck=dict(in_channels=[128, 512]),
    bbox_head=dict(num_classes=len(classes)),
)

train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = (96, 96)
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (96, 96)
dataset = dict(
    data_root='',
    data_prefix=dict(img=f'{data_root}/images'),
    metainfo=dict(classes=classes),
)
train_dataloader = dict(
    batch_size=8,
    dataset=dict(dataset, ann_file=f'{boxes}/train.json', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=8,
    dataset=dict(dataset, ann_file=f'{boxes}/ccam.gt.json', pipeline=test_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=f'{boxes}/ccam.gt.json')
test_evaluator = val_evaluator

optim_wrapper = dict(optimizer=dict(lr=3e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=20),
    dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=2)
randomness = dict(seed=0)
