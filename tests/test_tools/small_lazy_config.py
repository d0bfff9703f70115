# small_config.py in mmengine's new style.
from mmengine.config import read_base

with read_base():
    from ...configs.nlccam.nlccam_vgg11_demo_lazy import *

model.update(
    backbone=dict(num_stages=2, non_local_stages=(2,)), head=dict(in_channels=128)
)
