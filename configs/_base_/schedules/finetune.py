# For small sets of images: a low learning rate for the pretrained layers, a high one
# for the new classifier, both falling to 0.
_base_ = 'paper.py'

high = dict(lr_mult=20)
optim_wrapper = dict(
    optimizer=dict(lr=5e-5),
    paramwise_cfg=dict(custom_keys={'head.fc': high, 'head.conv.': high}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=50),
    dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=12)
