_base_ = 'wsol_benchmark.py'

dataset = dict(
    images='dataset/CUB',
    metadata='metadata/CUB',
    num_classes=200,
)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
