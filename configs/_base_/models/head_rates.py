# Neck and head learn as slowly as the pretrained layers. Choe et al. find the fast ones
# of a ResNet by the names layer4 and fc, which neck and head do not have there.
slow = dict(lr_mult=1)
rates = dict(paramwise_cfg=dict(custom_keys={'neck.': slow, 'head.': slow}))
