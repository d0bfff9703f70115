"""The demo with three seeds: some minutes on two cores.

Its images are those that `make_demo_data.py data/demo` draws.
"""

epochs = 4
train_options = {'default_hooks.checkpoint.max_keep_ckpts': 1}
lines = [
    dict(tool='score_baselines.py', arguments=['nlccam_demo'], name='baselines'),
    dict(config='nlccam_demo', seeds=(0, 1, 2)),
]
