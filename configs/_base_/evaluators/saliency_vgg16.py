_base_ = 'saliency.py'

mwp = dict(layer='backbone.features.9')  # pool3
saliency = dict(mwp=mwp, c_mwp=mwp, mwp_ccam=mwp)
