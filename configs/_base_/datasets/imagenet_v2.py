_base_ = 'wsol_benchmark.py'

dataset = dict(
    images='dataset/ILSVRC',
    metadata='metadata/ILSVRC',
    num_classes=1000,
)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
