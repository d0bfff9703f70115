# nlccam_cub.py in mmengine's new style: bases are imported, and types are classes.
from mmengine.config import read_base

from mmccam.datasets import CUB

with read_base():
    from .._base_.lazy.nlccam import *

num_classes = 200
data_preprocessor.update(num_classes=num_classes)
model.update(head=dict(num_classes=num_classes))
for loader in (train_dataloader, val_dataloader, test_dataloader):
    loader.dataset.update(type=CUB, data_root='data/CUB_200_2011')
del loader
# CUB-200-2011 has no validation split of its own.
val_dataloader.dataset.split = 'test'
