# The family "conv6" on CUB-200-2011: the CAM and the CCAM of a VGG-16 with a further
# convolution (VGGnet-GAP of Zhou et al., CVPR 2016), without non-local blocks.
_base_ = 'conv6_nlccam_vgg16_cub.py'

model = dict(backbone=dict(non_local_stages=()))
