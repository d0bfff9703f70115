# NL-CCAM on CUB-200-2011 as the authors' released code trains and evaluates it. Its
# checkpoints load after tools/convert_checkpoint.py.
_base_ = [
    '../_base_/models/nlccam_vgg16.py',
    '../_base_/datasets/cub.py',
    '../_base_/schedules/paper.py',
    '../_base_/default_runtime.py',
]

# Each combination function that is evaluated, under the names of nlccam_cub.py.
cams = dict(
    ccam=dict(type='mmccam.ReleasedQuadratic'),
    cam=dict(type='mmccam.TopBottom', i=1, j=0),
    top1_bottom1=dict(type='mmccam.TopBottom', i=1, j=1),
    linear=dict(type='mmccam.Polynomial', degree=1),
)
model = dict(
    type='mmccam.TwoViewClassifier',
    backbone=dict(act_cfg=dict(type='LeakyReLU', negative_slope=0.2)),
    head=dict(
        num_classes=_base_.data_preprocessor.num_classes,
        cams=dict(cams, _delete_=True),
    ),
)

train_pipeline = _base_.train_pipeline
train_pipeline[1] = dict(type='ResizeEdge', scale=224, edge='short', backend='pillow')
# Classes are ranked on the centre 224 of the shorter side 256; maps are of the image.
test_pipeline = _base_.test_pipeline
test_pipeline.insert(1, dict(type='mmccam.ScoreCrops', edge=256, side=224))
test_pipeline[-1].algorithm_keys.append('score_crops')
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

optim_wrapper = dict(
    optimizer=dict(lr=5e-5),
    paramwise_cfg=dict(custom_keys={'head.fc': dict(lr_mult=10)}),  # 5e-4
)
# (1 - t / 100)^0.9 in epoch t, from 0 to 99. mmengine subtracts 1 from the end.
param_scheduler = [dict(type='PolyLR', power=0.9, by_epoch=True, end=101)]
train_cfg = dict(max_epochs=100)
auto_scale_lr = dict(base_batch_size=16)

released = dict(box_rule='released_nlccam', threshold=0.12)
val_evaluator = [dict(type='Accuracy', topk=(1, 5))] + [
    dict(type='mmccam.CCAMLocalizationMetric', map_name=name, **released)
    for name in cams
]
test_evaluator = val_evaluator
custom_hooks = [
    dict(type='mmccam.LocalizationVisualizationHook', map_name='ccam', **released)
]
