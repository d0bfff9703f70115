# The learning rate of CAM on ILSVRC, second hand.
_base_ = 'sgd.py'

optim_wrapper = dict(optimizer=dict(lr=1.654502e-5))
