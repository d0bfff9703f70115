_base_ = 'wsol.py'

data_preprocessor = dict(num_classes=200)
dataset = dict(type='mmccam.CUB', data_root='data/CUB_200_2011')
train_dataloader = dict(dataset=dataset)
# CUB-200-2011 has no validation split of its own.
val_dataloader = dict(dataset=dict(dataset, split='test'))
test_dataloader = dict(dataset=dataset)
