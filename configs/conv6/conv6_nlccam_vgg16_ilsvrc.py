# The family "conv6" on ILSVRC: the CAM and the CCAM of a VGG-16 with a further
# convolution (Zhou et al., CVPR 2016) and non-local blocks.
_base_ = '../nlccam_ilsvrc.py'

model = dict(backbone=dict(extra_conv=1024), head=dict(in_channels=1024))
