# The combination function for the 1000 classes of ImageNet.
ccam = dict(type='mmccam.TopBottom', i=1, j=10)
