_base_ = ['../protocols/ilsvrc.py', 'sgd_resnet50.py', 'epochs_10.py']
