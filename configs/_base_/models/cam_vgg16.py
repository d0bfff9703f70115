# VGG-16 with a further convolution, as VGGnet-GAP (Zhou et al., CVPR 2016).
_base_ = 'nlccam_vgg16.py'

channels = 1024
model = dict(
    backbone=dict(non_local_stages=(), extra_conv=channels),
    head=dict(in_channels=channels),
)
