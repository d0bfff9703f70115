# nlccam_demo.py in mmengine's new style: bases are imported, and types are classes.
from mmengine.config import read_base
from mmengine.optim import CosineAnnealingLR, LinearLR
from torch.nn import BatchNorm2d

with read_base():
    from .._base_.lazy.nlccam import *

num_classes = 12
data_preprocessor.update(num_classes=num_classes)
train_pipeline[1].scale = (72, 72)
train_pipeline[2].crop_size = 64
test_pipeline[1].scale = (64, 64)
for loader in (train_dataloader, val_dataloader, test_dataloader):
    loader.dataset.data_root = 'data/demo'
del loader
train_dataloader.dataset.pipeline = train_pipeline
val_dataloader.dataset.pipeline = test_dataloader.dataset.pipeline = test_pipeline

model.update(
    backbone=dict(
        depth=11,
        num_stages=4,
        non_local_stages=(3, 4),
        norm_cfg=dict(type=BatchNorm2d),
        init_cfg=None,
    ),
    head=dict(num_classes=num_classes),
)
optim_wrapper.optimizer.lr = 1e-3
param_scheduler = [
    dict(type=LinearLR, start_factor=0.01, by_epoch=False, end=20),
    dict(type=CosineAnnealingLR, by_epoch=True, convert_to_iter_based=True),
]
train_cfg.update(max_epochs=4, val_interval=4)
