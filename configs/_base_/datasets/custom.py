# The folder that MMCCAM_DATA_ROOT points at.
_base_ = 'wsol.py'

data_root = '{{$MMCCAM_DATA_ROOT:data/custom}}'
with open(f'{data_root}/classes.txt', encoding='utf-8-sig') as lines:
    num_classes = sum(1 for line in lines if line.strip())
del lines

train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
