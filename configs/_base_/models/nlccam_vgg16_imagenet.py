# For the 1000 classes of ImageNet: top-1 & bottom-10.
_base_ = 'nlccam_vgg16.py'

ccam = dict(_delete_=True, type='mmccam.TopBottom', i=1, j=10)
model = dict(head=dict(cams=dict(ccam=ccam)))
