# The learning rate of CAM on ILSVRC, second hand.
_base_ = 'sgd.py'

optim_wrapper = dict(optimizer=dict(lr=3.606503e-4))
