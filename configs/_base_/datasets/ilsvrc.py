_base_ = 'wsol.py'

data_preprocessor = dict(num_classes=1000)
dataset = dict(type='mmccam.ILSVRC', data_root='data/ILSVRC')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
# The labels of the test images are not published.
test_dataloader = dict(dataset=dict(dataset, split='val'))
