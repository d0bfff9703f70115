"""The paper's networks and those it compares with on CUB-200-2011, three seeds each.

Hours of a training are computed: 30 epochs of 5,994 images at 380 a second and 30
validations of 5,794 at 439, the rates of NL-CCAM on one NVIDIA H200 in float32
(docs/performance.md). A test at 30 images a second adds 3 minutes. The boxes have the
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
