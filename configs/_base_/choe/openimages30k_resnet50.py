_base_ = ['../protocols/openimages30k.py', 'sgd_resnet50.py', 'epochs_10.py']
