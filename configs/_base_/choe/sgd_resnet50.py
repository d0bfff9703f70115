# The learning rate of CAM on ILSVRC, second hand. Here layer4 learns faster, too.
_base_ = 'sgd.py'

optim_wrapper = dict(
    optimizer=dict(lr=3.108411e-5, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={'backbone.layer4.': _base_.new_layers}),
)
