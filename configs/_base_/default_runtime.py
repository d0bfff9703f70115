_base_ = 'mmpretrain::_base_/default_runtime.py'

custom_imports = dict(imports=['mmccam'])
default_hooks = dict(
    logger=dict(interval=20),
    # A run that is killed goes on exactly where its last checkpoint was written.
    checkpoint=dict(type='mmccam.ResumableCheckpointHook', max_keep_ckpts=2),
    epoch_seed=dict(type='mmccam.EpochSeedHook'),
    finite_loss=dict(type='mmccam.FiniteLossHook'),
    # Head and data must agree on the number of classes.
    class_num_check=dict(type='ClassNumCheckHook'),
    # All processes evaluate with the statistics that are saved.
    sync_buffers=dict(type='SyncBuffersHook'),
)
randomness = dict(seed=0)
