_base_ = ['../protocols/cub.py', 'sgd_resnet50.py', 'epochs_50.py']
