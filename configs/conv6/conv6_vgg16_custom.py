# The family "conv6" on your own images: the CAM and the CCAM of a VGG-16 with a further
# convolution (VGGnet-GAP of Zhou et al., CVPR 2016), without non-local blocks.
_base_ = 'conv6_nlccam_vgg16_custom.py'

model = dict(backbone=dict(non_local_stages=()))
