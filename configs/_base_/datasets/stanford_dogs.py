_base_ = 'wsol.py'

data_preprocessor = dict(num_classes=120)
dataset = dict(type='mmccam.StanfordDogs', data_root='data/stanford_dogs')
train_dataloader = dict(dataset=dataset)
# Stanford Dogs has no validation split of its own.
val_dataloader = dict(dataset=dict(dataset, split='test'))
test_dataloader = dict(dataset=dataset)
