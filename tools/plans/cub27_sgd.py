"""The network without blocks of ``cub27``, trained by SGD instead of Adam."""

_base_ = 'cub27.py'

lines = [
    dict(
        config='table6_custom',
        name='table6_none',
        seeds=(0, 1, 2),
        options={
            'model.backbone.non_local_stages': (),
            'optim_wrapper.optimizer.type': 'SGD',
            'optim_wrapper.optimizer.momentum': 0.9,
            'optim_wrapper.optimizer.lr': 5e-4,
        },
    ),
]
