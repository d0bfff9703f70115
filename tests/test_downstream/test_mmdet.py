"""NonLocalVGG as the backbone of detectors of MMDetection."""

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from toolboxes import import_or_skip, read, train_step

import_or_skip('mmdet')

from mmdet.apis import inference_detector, init_detector  # noqa: E402
from mmdet.registry import MODELS  # noqa: E402
from mmdet.structures import DetDataSample  # noqa: E402
from mmengine.structures import InstanceData  # noqa: E402

SIZE = (96, 128)


@pytest.fixture(autouse=True)
def mmdet_scope():
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


def batch():
    """Two images with a box each."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(256, (2, 3, *SIZE), generator=generator, dtype=torch.uint8)
    meta = dict(img_shape=SIZE, ori_shape=SIZE, scale_factor=(1.0, 1.0))
    boxes = torch.tensor([[10.0, 20.0, 60.0, 80.0], [30.0, 10.0, 120.0, 90.0]])
    samples = []
    for label, box in enumerate(boxes):
        truth = InstanceData(bboxes=box[None], labels=torch.tensor([label]))
        samples.append(DetDataSample(metainfo=meta, gt_instances=truth))
    return dict(inputs=list(inputs), data_samples=samples)


# Of the thousand proposals of Faster R-CNN, which take seconds.
FEW = dict(max_per_img=20)
FEW_PROPOSALS = dict(
    train_cfg=dict(rpn_proposal=FEW, rcnn=dict(sampler=dict(num=20))),
    test_cfg=dict(rpn=FEW),
)
# The configs as they are, and other choices of stages with what has to fit them.
DETECTORS = {
    'retinanet': ('retinanet', {}),
    'retinanet on all stages': (
        'retinanet',
        dict(
            backbone=dict(out_indices=(0, 1, 2, 3, 4), non_local_stages=(2, 3, 4, 5)),
            neck=dict(in_channels=[64, 128, 256, 512, 512], start_level=2),
            bbox_head=dict(anchor_generator=dict(strides=[8, 16, 16, 32, 64])),
        ),
    ),
    'faster_rcnn': ('faster_rcnn', FEW_PROPOSALS),
    'faster_rcnn on two stages': (
        'faster_rcnn',
        dict(
            backbone=dict(num_stages=4, out_indices=(1, 3), non_local_stages=(3, 4)),
            neck=dict(in_channels=[128, 512]),
            **FEW_PROPOSALS,
        ),
    ),
}


@pytest.fixture(scope='module', params=DETECTORS.values(), ids=DETECTORS)
def detector(request):
    name, model = request.param
    with DefaultScope.overwrite_default_scope('mmdet'):
        return MODELS.build(read(name, **model).model)


def first_head(detector):
    return getattr(detector, 'rpn_head', None) or detector.bbox_head


def test_a_detector_trains_a_step_and_predicts(detector):
    losses = train_step(detector, batch())
    assert {'loss_cls', 'loss_bbox'} < losses.keys()
    assert all(loss.isfinite() for loss in losses.values())
    head = first_head(detector)
    assert type(head.loss_cls).__module__.startswith('mmdet.')
    assert type(head.loss_bbox).__module__.startswith('mmdet.')

    detector.eval()
    samples = detector.test_step(batch())
    assert [type(sample) for sample in samples] == 2 * [DetDataSample]
    assert all(s.pred_instances.bboxes.isfinite().all() for s in samples)


def test_the_levels_have_the_strides_of_the_anchors(detector):
    levels = detector.extract_feat(torch.zeros(1, 3, 128, 256))

    strides = [(256 // level.shape[3], 128 // level.shape[2]) for level in levels]
    assert strides == first_head(detector).prior_generator.strides


def test_a_detector_takes_a_pretrained_vgg(torchvision_vgg11):
    pretrained, weights = torchvision_vgg11
    detector = MODELS.build(read('retinanet', backbone=dict(init_cfg=pretrained)).model)
    detector.init_weights()
    features = detector.backbone.features
    assert all(map(torch.equal, features.parameters(), weights.values()))


def test_a_checkpoint_is_loaded_by_the_apis_of_mmdet(tmp_path):
    cfg = read('retinanet')
    cfg.test_dataloader.dataset.pipeline[1].scale = (96, 96)
    detector = MODELS.build(cfg.model)
    checkpoint = tmp_path / 'detector.pth'
    meta = dict(dataset_meta=dict(classes=('bird', 'fish'), palette=[(9, 9, 9)] * 2))
    torch.save(dict(state_dict=detector.state_dict(), meta=meta), checkpoint)

    loaded = init_detector(cfg, str(checkpoint), device='cpu')

    assert loaded.dataset_meta['classes'] == ('bird', 'fish')
    for name, value in loaded.state_dict().items():
        assert value.equal(detector.state_dict()[name]), name
    image = np.zeros((60, 80, 3), np.uint8)
    assert inference_detector(loaded, image).ori_shape == (60, 80)
