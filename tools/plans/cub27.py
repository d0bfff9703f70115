"""Methods and Table 7 on 27 classes of CUB-200-2011, at a size for two cores."""

import os

epochs = 8
environment = dict(
    MMCCAM_DATA_ROOT=os.environ.get('MMCCAM_DATA_ROOT') or '../shared/data/cub27',
    MMCCAM_WEIGHTS=os.environ.get('MMCCAM_WEIGHTS')
    or '../shared/weights/vgg16_imagenet_fp16.pth',
    MMCCAM_SIZE='112',
)
train_options = {'default_hooks.checkpoint.max_keep_ckpts': 1}
saliency = dict(
    config='saliency_vgg16_custom',
    box_rules=('largest_component', 'released_nlccam', 'mean_multiple'),
)
# The networks of 112 with maps of 14 x 14 positions instead of 7 x 7.
side = 'dataset.pipeline.1.scale'
large = dict(
    options={f'{split}_dataloader.{side}': (224, 224) for split in ('val', 'test')}
)
lines = [
    dict(tool='score_baselines.py', arguments=['nlccam_custom'], name='baselines'),
    dict(config='table7_none_custom', seeds=(0, 1, 2)),
    dict(config='table7_low_custom', seeds=(0, 1, 2)),
    dict(config='table7_high_custom', seeds=(0, 1, 2)),
    dict(config='table7_both_custom', seeds=(0, 1, 2)),
    dict(config='table6_custom', of='table7_both_custom'),
    dict(
        config='table6_custom',
        name='table6_conv6',
        of='conv6_vgg16_custom',
        options={
            'model.backbone.non_local_stages': (),
            'model.backbone.extra_conv': 1024,
            'model.head.in_channels': 1024,
        },
    ),
    dict(
        config='table6_custom',
        name='table6_none',
        of='table7_none_custom',
        options={'model.backbone.non_local_stages': ()},
    ),
    dict(large, config='table7_none_custom', name='none_224', of='table7_none_custom'),
    dict(large, config='table7_both_custom', name='both_224', of='table7_both_custom'),
    dict(config='conv6_vgg16_custom'),
    dict(config='conv6_nlccam_vgg16_custom'),
    dict(config='has_vgg16_custom'),
    dict(config='acol_vgg16_custom'),
    dict(config='spg_vgg16_custom'),
    dict(config='adl_vgg16_custom'),
    dict(config='cutmix_vgg16_custom'),
    dict(saliency, of='conv6_vgg16_custom'),
    dict(saliency, config='saliency_vgg16_custom_mwp', of='conv6_vgg16_custom'),
    dict(
        saliency,
        name='saliency_plain',
        of='table7_none_custom',
        options={'model.backbone.extra_conv': None, 'model.head.in_channels': 512},
    ),
]
