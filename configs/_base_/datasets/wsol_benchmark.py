# The splits of Choe et al. (CVPR 2020) as their repository names them: train on `train`
# (train-weaksup in the paper), choose on `val` (train-fullsup), report on `test`.
_base_ = 'wsol.py'

data_root = 'data/wsolevaluation'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
