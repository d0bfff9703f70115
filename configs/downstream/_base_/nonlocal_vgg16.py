# A non-local VGG-16 in the place of another toolbox's backbone.
# Without _base_ mmengine reads a file that imports as another kind.
_base_ = []

import os  # noqa: E402

# An ImageNet VGG-16 of mmpretrain or torchvision, or a model of mmccam.
weights = (
    os.environ.get('MMCCAM_WEIGHTS')
    or 'https://download.openmmlab.com/mmclassification/v0/vgg/vgg16_batch256_imagenet_20210208-db26f1a5.pth'  # noqa: E501
)
custom_imports = dict(imports=['mmccam'])
backbone = dict(
    _delete_=True,
    type='mmccam.NonLocalVGG',
    depth=16,
    out_indices=(1, 2, 4),  # strides 4, 8 and 16
    non_local_stages=(4, 5),
    frozen_stages=2,
    init_cfg=dict(type='Pretrained', checkpoint=weights),
)
