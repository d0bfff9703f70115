_base_ = ['../protocols/ilsvrc.py', 'sgd_vgg16.py', 'epochs_10.py']
