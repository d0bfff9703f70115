# Without probs mmpretrain draws otherwise than the authors do.
cutmix = dict(augments=dict(type='CutMix', alpha=1.0), probs=1.0)
