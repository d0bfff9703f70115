# The rate falls before the epochs 3, 6 and 9.
train_cfg = dict(by_epoch=True, max_epochs=10, val_interval=1)
param_scheduler = [dict(type='MultiStepLR', milestones=[2, 5, 8], gamma=0.1)]
