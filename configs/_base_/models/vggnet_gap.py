# VGGnet-GAP of Zhou et al. (CVPR 2016): a further convolution, top-1 & bottom-0.
_base_ = 'nlccam_vgg16.py'

model = dict(
    backbone=dict(non_local_stages=(), extra_conv=1024),
    head=dict(
        in_channels=1024,
        cams=dict(_delete_=True, cam=dict(type='mmccam.TopBottom', i=1, j=0)),
    ),
)
