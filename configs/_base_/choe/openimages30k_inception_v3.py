_base_ = ['../protocols/openimages30k.py', 'sgd_inception_v3.py', 'epochs_10.py']
