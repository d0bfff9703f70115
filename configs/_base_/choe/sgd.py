# As Choe et al. (CVPR 2020). Layers that come after the pretrained ones learn ten times
# as fast.
new_layers = dict(lr_mult=10)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', momentum=0.9, nesterov=True, weight_decay=5e-4),
    paramwise_cfg=dict(
        custom_keys={
            'extra_conv.': new_layers,
            'neck.': new_layers,
            'head.': new_layers,
        }
    ),
)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=32)
