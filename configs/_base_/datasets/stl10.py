_base_ = 'wsol.py'

data_preprocessor = dict(num_classes=10)
dataset = dict(type='mmccam.STL10', data_root='data/stl10_binary')
train_dataloader = dict(dataset=dataset)
# STL-10 has no validation split of its own.
val_dataloader = dict(dataset=dict(dataset, split='test'))
test_dataloader = dict(dataset=dataset)
