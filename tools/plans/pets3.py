"""PxAP of CAM and CCAM, with and without non-local blocks, on 3 breeds of pets.

There is no validation split: nothing is chosen, and the last epoch counts.
"""

import os

epochs = 8
environment = dict(
    MMCCAM_DATA_ROOT=os.environ.get('MMCCAM_DATA_ROOT') or '../shared/data/pets3',
    MMCCAM_WEIGHTS=os.environ.get('MMCCAM_WEIGHTS')
    or '../shared/weights/vgg16_imagenet_fp16.pth',
    MMCCAM_SIZE='112',
)
# Its masks are listed relative to the folder of the data.
masks_folder = {f'{split}_dataloader.dataset.masks': '.' for split in ('val', 'test')}
options = {'val_dataloader.dataset.split': 'test', **masks_folder}
train_options = {
    'default_hooks.checkpoint.max_keep_ckpts': 1,
    'default_hooks.checkpoint.published_keys': ['meta', 'state_dict'],
    'train_cfg.val_interval': 8,
}
pairs = [f'{key}={value}' for key, value in options.items()]
masks = dict(config='nlccam_vgg16_custom_masks', search=False)
lines = [
    dict(
        tool='score_baselines.py',
        name='baselines',
        arguments=[masks['config'], '--cfg-options', *pairs],
    ),
    dict(masks, name='nlccam'),
    dict(masks, name='plain', options={'model.backbone.non_local_stages': ()}),
]
