# TS-CAM (Gao et al., ICCV 2021) with DeiT-S on CUB-200-2011.
_base_ = [
    '../_base_/models/tscam_deit_small.py',
    '../_base_/protocols/cub.py',
    '../_base_/schedules/tscam.py',
]

model = dict(head=_base_.head)
auto_scale_lr = dict(base_batch_size=128)
train_dataloader = dict(batch_size=auto_scale_lr['base_batch_size'])
optim_wrapper = dict(optimizer=dict(lr=5e-5))
# The rate falls before the epochs 30 and 60.
param_scheduler = [dict(type='MultiStepLR', milestones=[29, 59], gamma=0.1)]
train_cfg = dict(by_epoch=True, max_epochs=60, val_interval=1)
