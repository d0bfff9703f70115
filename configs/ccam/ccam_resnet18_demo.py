# The classifier of resnet18_demo.py with maps: evaluates its checkpoint as it is. The
# backbone has a stride of 8.
_base_ = '../nlccam_demo.py'

model = dict(
    backbone=dict(_delete_=True, type='ResNet', depth=18, strides=(1, 2, 1, 1)),
)
