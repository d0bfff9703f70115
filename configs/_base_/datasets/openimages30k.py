_base_ = 'wsol_benchmark.py'

dataset = dict(
    images='dataset/OpenImages',
    masks='dataset/OpenImages',
    metadata='metadata/OpenImages',
    num_classes=100,
)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
