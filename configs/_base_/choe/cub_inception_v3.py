_base_ = ['../protocols/cub.py', 'sgd_inception_v3.py', 'epochs_50.py']
