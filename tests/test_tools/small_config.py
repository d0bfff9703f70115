# The demo with a network whose checkpoints are small.
_base_ = '../../configs/nlccam_demo.py'
model = dict(
    backbone=dict(num_stages=2, non_local_stages=(2,)), head=dict(in_channels=128)
)
