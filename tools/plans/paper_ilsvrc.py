"""The paper's networks and those it compares with on ILSVRC-2012.

Hours of a training are computed: 30 epochs of 1,281,167 images at 380 a second and 30
validations of 50,000 at 439, the rates of NL-CCAM on one NVIDIA H200 in float32
(docs/performance.md). A test at 30 images a second adds half an hour. The boxes have
the threshold of the paper.
"""

epochs = 30
train_options = {'default_hooks.checkpoint.max_keep_ckpts': 1}
names = ['plain_vgg16', 'nlccam', 'conv6_vgg16', 'conv6_nlccam_vgg16', 'has_googlenet']
names += ['acol_vgg16', 'acol_googlenet', 'spg_inception_v3', 'cam_googlenet']
names += ['cam_alexnet', 'has_alexnet']
lines = [dict(config=f'{name}_ilsvrc', search=False, hours=29.0) for name in names]
# With its fully connected layers, trained by MMPretrain.
vgg16 = 'https://download.openmmlab.com/mmclassification/v0/vgg/vgg16_batch256_imagenet_20210208-db26f1a5.pth'  # noqa: E501
lines += [
    dict(config='table6_ilsvrc', of='nlccam_ilsvrc', search=False),
    dict(tool='test.py', name='saliency', arguments=['saliency_vgg16_ilsvrc', vgg16]),
]
