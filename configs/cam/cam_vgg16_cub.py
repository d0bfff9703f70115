# VGGnet-GAP of Zhou et al. (CVPR 2016) on CUB-200-2011: a further convolution and
# no non-local blocks. Not to be compared with the networks without that convolution.
_base_ = '../nlccam_cub.py'

model = dict(
    backbone=dict(non_local_stages=(), extra_conv=1024),
    head=dict(in_channels=1024),
)
