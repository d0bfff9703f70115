# CUBV2: the splits of Choe et al. (CVPR 2020) as their repository names them.
_base_ = 'wsol.py'

data_preprocessor = dict(num_classes=200)
dataset = dict(
    data_root='data/wsolevaluation',
    images='dataset/CUB',
    metadata='metadata/CUB',
    num_classes=data_preprocessor['num_classes'],
)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
