# TS-CAM (Gao et al., ICCV 2021) with DeiT-S on ILSVRC.
_base_ = [
    '../_base_/models/tscam_deit_small.py',
    '../_base_/protocols/ilsvrc.py',
    '../_base_/schedules/tscam.py',
]

model = dict(head=_base_.head)
auto_scale_lr = dict(base_batch_size=256)
train_dataloader = dict(batch_size=auto_scale_lr['base_batch_size'])
optim_wrapper = dict(optimizer=dict(lr=5e-4))
# The rate falls before the epochs 10 and 12. The authors train 20 epochs, and released
# the weights of the twelfth.
param_scheduler = [dict(type='MultiStepLR', milestones=[9, 11], gamma=0.1)]
train_cfg = dict(by_epoch=True, max_epochs=12, val_interval=1)
