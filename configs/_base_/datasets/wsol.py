# A folder in the metadata format: training, validation and test split, with boxes or
# masks. Size and augmentation are those of the paper.
data_preprocessor = dict(
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)
load = dict(type='mmccam.LoadImage')
resize = dict(type='Resize', backend='pillow', interpolation='bilinear')
train_pipeline = [
    load,
    dict(resize, scale=(256, 256)),
    dict(type='RandomCrop', crop_size=224),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [
    load,
    dict(resize, scale=(224, 224)),
    dict(type='PackInputs', algorithm_keys=['loc_boxes', 'loc_masks', 'loc_ignore']),
]

dataset = dict(type='mmccam.WSOLDataset', data_root='data/wsol')
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    # Started and seeded again in each epoch, so that a resumed run is the same.
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(dataset, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, split='val', test_mode=True, pipeline=test_pipeline),
)
test_dataloader = dict(
    val_dataloader, dataset=dict(val_dataloader['dataset'], split='test')
)
