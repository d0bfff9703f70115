"""What the configs do as the paper, the released code and Choe et al. do it."""

import re

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS
from our_configs import CONFIGS, METHODS, RELEASED, build_model, read
from torch import nn

pytestmark = pytest.mark.usefixtures('custom_images')
MAX_BOX_ACC_V2 = dict(type='mmccam.MaxBoxAcc', contours='all')


@pytest.mark.parametrize(
    ('data', 'metric', 'name'),
    [
        ('cub_v2', dict(type='mmccam.MaxBoxAcc', contours='all'), 'max_box_acc_v2'),
        (
            'imagenet_v2',
            dict(type='mmccam.MaxBoxAcc', contours='all'),
            'max_box_acc_v2',
        ),
        ('openimages30k', dict(type='mmccam.PxAP', scaled_masks=True), 'px_ap'),
    ],
)
def test_models_are_selected_on_held_out_images(data, metric, name):
    cfg = read(f'nlccam/nlccam_vgg16_{data}')

    assert dict(metric, map_name='ccam') in cfg.val_evaluator
    checkpoint = cfg.default_hooks.checkpoint
    assert (checkpoint.save_best, checkpoint.rule) == (f'ccam/{name}', 'greater')
    assert cfg.val_dataloader.dataset.split == 'val'


# The rows of the paper's Table 6: i and j of top-i & bottom-j, the degrees of Eq. 5.
TOP_BOTTOM = {'top1_bottom0': (1, 0), 'top1_bottom1': (1, 1), 'top1_bottom10': (1, 10)}
TOP_BOTTOM.update(top1_bottom20=(1, 20), top0_bottom1=(0, 1))
DEGREES = dict(step=0, linear=1, quadratic=2, cubic=3)


@pytest.mark.parametrize('data', ['cub', 'ilsvrc', 'custom'])
def test_table_6_has_the_rows_of_the_paper(data):
    cfg = read(f'table6/table6_{data}')

    expected = {
        name: dict(type='mmccam.TopBottom', i=i, j=j)
        for name, (i, j) in TOP_BOTTOM.items()
    }
    for name, degree in DEGREES.items():
        expected[name] = dict(type='mmccam.Polynomial', degree=degree)
    if data == 'custom':  # of 12 classes
        del expected['top1_bottom20']
        expected['top1_bottom5'] = dict(type='mmccam.TopBottom', i=1, j=5)
        expected['above_mean'] = dict(type='mmccam.AboveMean')
    cams = cfg.model.head.cams
    assert cams == expected
    for kind in ('mmccam.CCAMLocalizationMetric', 'mmccam.MaxBoxAcc'):
        scored = [metric for metric in cfg.test_evaluator if metric.type == kind]
        assert scored == [
            dict(type=kind, map_name=name) for name in cfg.model.head.cams
        ]


# The rows of Table 7: stages with non-local blocks; each with CAM and CCAM.
PLACES = dict(none=(), low=(2, 3), high=(4, 5), both=(2, 3, 4, 5))


@pytest.mark.parametrize('data', ['cub', 'custom'])
@pytest.mark.parametrize('place', PLACES)
def test_table_7_has_the_rows_of_the_paper(place, data):
    cfg = read(f'table7/table7_{place}_{data}')

    assert cfg.model.head.cams == dict(
        ccam=dict(type='mmccam.Polynomial', degree=2),
        cam=dict(type='mmccam.TopBottom', i=1, j=0),
    )
    # The blocks are the only difference between the four.
    expected = read(f'nlccam_{data}')
    expected.model.backbone.non_local_stages = PLACES[place]
    found = cfg.to_dict()
    found['model']['backbone'].setdefault('non_local_stages', (2, 3, 4, 5))
    assert found == expected.to_dict()


LOAD = dict(type='mmccam.LoadImage')
RESIZE = dict(type='Resize', backend='pillow', interpolation='bilinear')
# The paper's 256, random crops of 224 and, from the released code, flips.
TRAIN_PIPELINE = [
    LOAD,
    dict(RESIZE, scale=(256, 256)),
    dict(type='RandomCrop', crop_size=224),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
# Files of thresholds have it, and are refused if it differs.
KEYS = ['loc_boxes', 'loc_masks', 'loc_ignore']
TEST_PIPELINE = [
    LOAD,
    dict(RESIZE, scale=(224, 224)),
    dict(type='PackInputs', algorithm_keys=KEYS),
]
# Own images have another schedule, and the released code and methods other recipes.
BENCHMARKS = CONFIGS - METHODS - {RELEASED}
BENCHMARKS = [n for n in sorted(BENCHMARKS) if not re.search('custom|demo', n)]


@pytest.mark.parametrize('name', BENCHMARKS)
def test_the_benchmarks_follow_the_protocol_of_the_paper(name):
    cfg = read(name)

    assert cfg.optim_wrapper == dict(
        type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4)
    )
    # The rate is constant after the warm-up, which is our addition.
    warm_up = dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=500)
    assert cfg.param_scheduler == [warm_up]
    assert cfg.train_dataloader.batch_size == 32
    assert cfg.train_cfg.max_epochs == 30
    assert 'frozen_stages' not in cfg.model.backbone
    assert cfg.train_dataloader.dataset.pipeline == TRAIN_PIPELINE
    assert cfg.test_dataloader.dataset.pipeline == TEST_PIPELINE


@pytest.mark.parametrize(
    'name', ['nlccam_custom', 'plain/plain_vgg16_custom', 'table6/table6_custom']
)
def test_own_images_have_the_papers_pipelines_and_a_schedule_of_their_own(name):
    cfg = read(name)

    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr) == ('Adam', 5e-5)
    assert cfg.optim_wrapper.paramwise_cfg.custom_keys['head.fc'] == dict(lr_mult=20)
    warm_up, cosine = cfg.param_scheduler
    assert (warm_up.end, cosine.type) == (50, 'CosineAnnealingLR')
    assert (cfg.train_dataloader.batch_size, cfg.train_cfg.max_epochs) == (32, 12)
    assert cfg.model.backbone.frozen_stages == 2
    assert cfg.train_dataloader.dataset.pipeline == TRAIN_PIPELINE
    assert cfg.test_dataloader.dataset.pipeline == TEST_PIPELINE


def test_the_released_network_and_boxes():
    cfg = read(RELEASED)
    model = build_model(cfg)

    activations = [m for m in model.modules() if isinstance(m, nn.LeakyReLU)]
    assert [m.negative_slope for m in activations] == [0.2] * 13
    assert cfg.model.head.cams.ccam == dict(type='mmccam.ReleasedQuadratic')
    _, *metrics = cfg.test_evaluator
    assert {m.type for m in metrics} == {'mmccam.CCAMLocalizationMetric'}
    assert {(m.box_rule, m.threshold) for m in metrics} == {('released_nlccam', 0.12)}


def test_the_released_learning_rates_fall_once_an_epoch():
    cfg = read(RELEASED)
    model = build_model(cfg)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    assert type(optimizer) is torch.optim.Adam
    of_parameter = {
        p: group for group in optimizer.param_groups for p in group['params']
    }
    classifier = [of_parameter.pop(p) for p in model.head.fc.parameters()]
    assert {group['lr'] for group in classifier} == {5e-4}
    assert {group['lr'] for group in of_parameter.values()} == {5e-5}

    (poly,) = cfg.param_scheduler
    assert poly.by_epoch and not poly.get('convert_to_iter_based')
    scheduler = PARAM_SCHEDULERS.build(dict(poly, optimizer=optimizer))
    rates = []
    for _ in range(cfg.train_cfg.max_epochs):
        rates.append(classifier[0]['lr'])
        optimizer.step()
        scheduler.step()
    assert len(rates) == 100
    # 1, (1 / 2)^0.9 and (1 / 100)^0.9 of 5e-4.
    found = [rates[epoch] for epoch in (0, 50, 99)]
    assert found == pytest.approx([5e-4, 2.67943e-4, 7.92447e-6], rel=1e-5)


def test_the_released_images():
    cfg = read(RELEASED)

    assert cfg.train_dataloader.batch_size == 16
    assert cfg.train_dataloader.dataset.pipeline == [
        LOAD,
        dict(type='ResizeEdge', scale=224, edge='short', backend='pillow'),
        *TRAIN_PIPELINE[2:],
    ]
    crops = dict(type='mmccam.ScoreCrops', edge=256, side=224)
    pack = dict(type='PackInputs', algorithm_keys=[*KEYS, 'score_crops'])
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        pipeline = loader.dataset.pipeline
        assert pipeline == [LOAD, crops, TEST_PIPELINE[1], pack]
