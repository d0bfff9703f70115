_base_ = 'wsol.py'

data_preprocessor = dict(num_classes=196)
# Without test_mode, which the data set derives from its split.
dataset = dict(
    _delete_=True, type='mmccam.StanfordCars', data_root='data/stanford_cars'
)
train_dataloader = dict(
    dataset=dict(dataset, split='train', pipeline=_base_.train_pipeline)
)
# Stanford Cars has no validation split of its own.
val_dataloader = dict(
    dataset=dict(dataset, split='test', pipeline=_base_.test_pipeline)
)
test_dataloader = val_dataloader
