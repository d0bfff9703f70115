# Table 7: no non-local blocks, CAM.
_base_ = '../cam_cub.py'

# VGG-16, as for CCAM, without the further convolution of VGGnet-GAP.
model = dict(backbone=dict(extra_conv=None), head=dict(in_channels=512))
