"""NonLocalVGG as the backbone of segmentors of MMSegmentation."""

import pytest
import torch
from mmengine.registry import DefaultScope
from toolboxes import import_or_skip, read, train_step

import_or_skip('mmseg', 'ftfy', 'regex')

from mmengine.structures import PixelData  # noqa: E402
from mmseg.registry import MODELS  # noqa: E402
from mmseg.structures import SegDataSample  # noqa: E402

SIZE = (64, 96)


@pytest.fixture(autouse=True)
def mmseg_scope():
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield


def batch():
    """Two images whose left half is of class 0 and the right one of class 1."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(256, (2, 3, *SIZE), generator=generator, dtype=torch.uint8)
    truth = torch.zeros(1, *SIZE, dtype=torch.int64)
    truth[..., SIZE[1] // 2 :] = 1
    meta = dict(img_shape=SIZE, ori_shape=SIZE)
    sample = SegDataSample(metainfo=meta, gt_sem_seg=PixelData(data=truth))
    return dict(inputs=list(inputs), data_samples=[sample, sample.clone()])


def read_small(**model):
    return read('fcn', data_preprocessor=dict(size=SIZE), **model)


HEAD = dict(
    _delete_=True,
    channels=64,
    num_classes=19,
    norm_cfg=dict(type='BN'),
    align_corners=False,
    loss_decode=dict(type='CrossEntropyLoss'),
)
# The config as it is, and other heads and stages.
SEGMENTORS = {
    'fcn': {},
    'pspnet': dict(
        backbone=dict(non_local_stages=(2, 3, 4, 5)),
        decode_head=dict(HEAD, type='PSPHead', in_channels=512, in_index=3),
    ),
    'segformer': dict(
        backbone=dict(out_indices=(0, 1, 4)),
        decode_head=dict(
            HEAD, type='SegformerHead', in_channels=[64, 128, 512], in_index=[0, 1, 2]
        ),
        auxiliary_head=None,
    ),
}


@pytest.fixture(scope='module', params=SEGMENTORS.values(), ids=SEGMENTORS)
def segmentor(request):
    with DefaultScope.overwrite_default_scope('mmseg'):
        return MODELS.build(read_small(**request.param).model)


def test_a_segmentor_trains_a_step_and_predicts(segmentor):
    losses = train_step(segmentor, batch())
    assert 'decode.loss_ce' in losses
    assert all(loss.isfinite() for loss in losses.values())
    loss = segmentor.decode_head.loss_decode
    assert type(loss).__module__ == 'mmseg.models.losses.cross_entropy_loss'

    segmentor.eval()
    samples = segmentor.test_step(batch())
    shapes = [tuple(sample.pred_sem_seg.data.shape) for sample in samples]
    assert shapes == 2 * [(1, *SIZE)]


def test_a_segmentor_takes_a_pretrained_vgg(torchvision_vgg11):
    pretrained, weights = torchvision_vgg11
    cfg = read_small(backbone=dict(init_cfg=pretrained))
    segmentor = MODELS.build(cfg.model)
    segmentor.init_weights()
    features = segmentor.backbone.features
    assert all(map(torch.equal, features.parameters(), weights.values()))
