# The images that tools/make_demo_data.py draws, at 64 of their 96 pixels.
_base_ = 'wsol.py'

data_preprocessor = dict(num_classes=12)
train_pipeline = _base_.train_pipeline
train_pipeline[1].scale = (72, 72)
train_pipeline[2].crop_size = 64
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (64, 64)
data_root = 'data/demo'
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
