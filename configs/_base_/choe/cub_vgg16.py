_base_ = ['../protocols/cub.py', 'sgd_vgg16.py', 'epochs_50.py']
