# ADL (Choe & Shim, CVPR 2019) in the places of Choe et al. (2020), where CAM's network
# has dropout.
_base_ = 'cam_inception_v3.py'

model = dict(
    backbone=dict(adl=dict(layers=('Mixed_5d', 'Mixed_6e'))),
    neck=dict(adl=dict(layers=('conv2',)), dropout=0),
)
