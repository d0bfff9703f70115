# The rate falls before the epochs 15, 30 and 45.
train_cfg = dict(by_epoch=True, max_epochs=50, val_interval=1)
param_scheduler = [dict(type='MultiStepLR', milestones=[14, 29, 44], gamma=0.1)]
