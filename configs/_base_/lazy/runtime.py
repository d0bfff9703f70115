# The same as default_runtime.py. mmengine lets no config of the new style inherit from
# one of the old style that inherits itself.
from mmengine.hooks import (
    DistSamplerSeedHook,
    IterTimerHook,
    LoggerHook,
    ParamSchedulerHook,
    SyncBuffersHook,
)
from mmengine.visualization import LocalVisBackend
from mmpretrain.engine import ClassNumCheckHook, VisualizationHook
from mmpretrain.visualization import UniversalVisualizer

from mmccam.engine import EpochSeedHook, FiniteLossHook, ResumableCheckpointHook

default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmccam'])
default_hooks = dict(
    timer=dict(type=IterTimerHook),
    logger=dict(type=LoggerHook, interval=20),
    param_scheduler=dict(type=ParamSchedulerHook),
    checkpoint=dict(type=ResumableCheckpointHook, interval=1, max_keep_ckpts=2),
    sampler_seed=dict(type=DistSamplerSeedHook),
    visualization=dict(type=VisualizationHook, enable=False),
    epoch_seed=dict(type=EpochSeedHook),
    finite_loss=dict(type=FiniteLossHook),
    class_num_check=dict(type=ClassNumCheckHook),
    sync_buffers=dict(type=SyncBuffersHook),
)
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
visualizer = dict(type=UniversalVisualizer, vis_backends=[dict(type=LocalVisBackend)])
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0, deterministic=False)
