# OpenImages30k (Choe et al., CVPR 2020), with masks.
_base_ = 'wsol.py'

data_preprocessor = dict(num_classes=100)
dataset = dict(
    data_root='data/wsolevaluation',
    images='dataset/OpenImages',
    masks='dataset/OpenImages',
    metadata='metadata/OpenImages',
    num_classes=data_preprocessor['num_classes'],
)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
