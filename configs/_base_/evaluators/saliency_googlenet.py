_base_ = 'saliency.py'

mwp = dict(layer='backbone.maxpool2')  # pool2/3x3_s2 of the Caffe network
saliency = dict(mwp=mwp, c_mwp=mwp, mwp_ccam=mwp)
