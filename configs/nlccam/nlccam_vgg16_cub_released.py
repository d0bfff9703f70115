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
    backbone=dict(act_cfg=dict(type='LeakyReLU', negative_slope=0.2)),
    head=dict(
        num_classes=_base_.data_preprocessor.num_classes,
        cams=dict(cams, _delete_=True),
    ),
)

train_dataloader = dict(batch_size=16)
optim_wrapper = dict(
    optimizer=dict(lr=5e-5),
    paramwise_cfg=dict(custom_keys={'head.fc': dict(lr_mult=10)}),  # 5e-4
)
# Falls in each iteration, to 0 at the end.
param_scheduler = [
    dict(type='PolyLR', power=0.9, by_epoch=True, convert_to_iter_based=True)
]
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
