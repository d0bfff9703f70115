_base_ = ['../protocols/ilsvrc.py', 'sgd_inception_v3.py', 'epochs_10.py']
