_base_ = ['../protocols/openimages30k.py', 'sgd_vgg16.py', 'epochs_10.py']

# The learning rate of CAM, from an example of theirs.
optim_wrapper = dict(optimizer=dict(lr=2.27913316e-3))
