"""The paper's networks and those it compares with on CUB-200-2011, three seeds each.

Hours are 5,994 images of 30 epochs at 380 a second and as many tests of 5,794 images at
439, as measured on one NVIDIA H200 in float32 (docs/performance.md). The boxes have the
threshold of the paper, since its split has no images to choose one on.
"""

epochs = 30
train_options = {'default_hooks.checkpoint.max_keep_ckpts': 1}
names = ['table7_none', 'table7_low', 'table7_high', 'table7_both']
names += [
    f'{name}_vgg16' for name in ('conv6', 'conv6_nlccam', 'has', 'acol', 'spg', 'adl')
]
names += ['cutmix_vgg16', 'cam_googlenet', 'has_googlenet', 'acol_googlenet']
shared = dict(seeds=(0, 1, 2), search=False)
lines = [dict(shared, config=f'{name}_cub', hours=0.24) for name in names]
lines += [
    dict(shared, config='table6_cub', of='table7_both_cub'),
    dict(shared, config='saliency_vgg16_cub', of='conv6_vgg16_cub'),
]
