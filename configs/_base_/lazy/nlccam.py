# A run of NL-CCAM in mmengine's new style. What does not inherit is of the old style.
from mmengine.config import read_base
from mmpretrain.models import ImageClassifier

from mmccam.models import GAPClsHead, NonLocalVGG, Polynomial, TopBottom

with read_base():
    from ..datasets.wsol import *
    from ..evaluators.localization import *
    from ..schedules.paper import *
    from .runtime import *

# mmengine does not import `os` here, so that MMCCAM_WEIGHTS is not read.
weights = 'https://download.openmmlab.com/mmclassification/v0/vgg/vgg16_batch256_imagenet_20210208-db26f1a5.pth'  # noqa: E501
model = dict(
    type=ImageClassifier,
    backbone=dict(
        type=NonLocalVGG,
        depth=16,
        init_cfg=dict(type='Pretrained', checkpoint=weights),
    ),
    head=dict(
        type=GAPClsHead,
        in_channels=512,
        cams=dict(
            ccam=dict(type=Polynomial, degree=2), cam=dict(type=TopBottom, i=1, j=0)
        ),
    ),
)
