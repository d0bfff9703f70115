# Learning rate 1e-4, batch 32, 30 epochs. The paper names no optimizer; Adam is that of
# the authors' released code. The warm-up is our addition.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
param_scheduler = [dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=500)]
train_cfg = dict(by_epoch=True, max_epochs=30, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=32)
