from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS
from torch import nn

from mmccam.registry import MODELS

ROOT = Path(__file__).parents[1] / 'configs'
PLAIN = 'ccam/resnet18_demo'  # a classifier without maps
RELEASED = 'nlccam/nlccam_vgg16_cub_released'
NAMES = [str(path.relative_to(ROOT).with_suffix('')) for path in ROOT.rglob('*.py')]
# Those of other toolboxes and the former names have other tests.
OTHERS = ('_base_', 'downstream', 'ccam/ccam_vgg16', 'cam/')
CONFIGS = {n for n in NAMES if not n.startswith(OTHERS)} - {PLAIN}
CUB, IMAGENET = 200, 1000
THREE = ('train', 'val', 'test')
TWO = ('train', 'test', 'test')  # there is no validation split
ILSVRC = ('train', 'val', 'val')  # labels of test images are not published
# Stages with non-local blocks, channels of the last layer, number of classes, splits.
NETWORKS = {
    'nlccam_cub': ('2345', 512, CUB, TWO),
    'nlccam_ilsvrc': ('2345', 512, IMAGENET, ILSVRC),
    'nlccam_custom': ('2345', 512, 12, THREE),
    'nlccam_demo': ('34', 512, 12, THREE),
    'nlccam/nlccam_vgg16_cub_v2': ('2345', 512, CUB, THREE),
    RELEASED: ('2345', 512, CUB, TWO),
    'nlccam/nlccam_vgg16_imagenet_v2': ('2345', 512, IMAGENET, THREE),
    'nlccam/nlccam_vgg16_openimages30k': ('2345', 512, 100, THREE),
    'nlccam/nlccam_vgg16_dogs': ('2345', 512, 120, TWO),
    'nlccam/nlccam_vgg16_cars': ('2345', 512, 196, TWO),
    'nlccam/nlccam_vgg16_stl10': ('2345', 512, 10, TWO),
    'plain/plain_vgg16_cub': ('', 512, CUB, TWO),
    'plain/plain_vgg16_ilsvrc': ('', 512, IMAGENET, ILSVRC),
    'plain/plain_vgg16_custom': ('', 512, 12, THREE),
    'conv6/conv6_vgg16_cub': ('', 1024, CUB, TWO),
    'conv6/conv6_vgg16_ilsvrc': ('', 1024, IMAGENET, ILSVRC),
    'conv6/conv6_vgg16_custom': ('', 1024, 12, THREE),
    'conv6/conv6_nlccam_vgg16_cub': ('2345', 1024, CUB, TWO),
    'conv6/conv6_nlccam_vgg16_ilsvrc': (
        '2345',
        1024,
        IMAGENET,
        ILSVRC,
    ),
    'conv6/conv6_nlccam_vgg16_custom': ('2345', 1024, 12, THREE),
    'table7/table7_none_cub': ('', 512, CUB, TWO),
    'table7/table7_low_cub': ('23', 512, CUB, TWO),
    'table7/table7_high_cub': ('45', 512, CUB, TWO),
    'table7/table7_both_cub': ('2345', 512, CUB, TWO),
}
QUADRATIC = dict(type='mmccam.Polynomial', degree=2)
TOP1_BOTTOM10 = dict(type='mmccam.TopBottom', i=1, j=10)


@pytest.fixture(autouse=True)
def custom_images(tmp_path, monkeypatch):
    """A folder with the class names that the configs for own images read."""
    (tmp_path / 'classes.txt').write_text('\n'.join('abcdefghijkl'))
    monkeypatch.setenv('MMCCAM_DATA_ROOT', str(tmp_path))
    return tmp_path


def read(name):
    return Config.fromfile(ROOT / f'{name}.py')


def build_model(cfg):
    # The structure without the weights, of which mmpretrain's ResNet is not made.
    device = 'cpu' if cfg.model.backbone.type == 'ResNet' else 'meta'
    with torch.device(device):
        # As mmengine's Runner and mmpretrain's get_model do.
        return MODELS.build(dict(data_preprocessor=cfg.data_preprocessor, **cfg.model))


@pytest.mark.parametrize('name', sorted(CONFIGS))
def test_each_config_reports_the_maps_of_its_network(name):
    cfg = read(name)

    model = build_model(cfg)

    cams = set(model.head.combinations)
    assert {'ccam', 'cam'} <= cams or 'table6' in name
    # STL-10 has nothing to measure maps by, only pictures of them.
    measured = {m.map_name for m in cfg.test_evaluator if 'map_name' in m}
    assert measured == (set() if 'stl10' in name else cams)
    drawn = {hook.map_name for hook in cfg.custom_hooks if 'map_name' in hook}
    assert drawn and drawn <= cams
    assert model.head.num_classes == model.data_preprocessor.num_classes
    if name in NETWORKS:
        blocks, channels, num_classes, splits = NETWORKS[name]
        assert ''.join(model.backbone.non_local_blocks) == blocks
        assert model.head.in_channels == channels
        assert model.head.num_classes == num_classes
        loaders = (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader)
        found = tuple(loader.dataset.get('split', 'train') for loader in loaders)
        assert found == splits


@pytest.mark.parametrize('data', ['cub', 'ilsvrc', 'custom'])
@pytest.mark.parametrize(
    ('former', 'name'),
    [('ccam/ccam_vgg16', 'plain/plain_vgg16'), ('cam/cam_vgg16', 'conv6/conv6_vgg16')],
)
def test_former_names_are_the_same_configs(former, name, data):
    former, present = (read(f'{one}_{data}') for one in (former, name))
    assert former.to_dict() == present.to_dict()


def test_a_classifier_and_itself_with_maps_have_the_same_weights():
    plain, with_maps = (
        {k: v.shape for k, v in build_model(read(name)).state_dict().items()}
        for name in (PLAIN, 'ccam/ccam_resnet18_demo')
    )
    assert with_maps == plain


@pytest.mark.parametrize(
    ('name', 'ccam'),
    [
        ('nlccam_cub', QUADRATIC),
        ('conv6/conv6_vgg16_cub', QUADRATIC),
        ('nlccam_ilsvrc', TOP1_BOTTOM10),
        ('conv6/conv6_vgg16_ilsvrc', TOP1_BOTTOM10),
        ('nlccam/nlccam_vgg16_imagenet_v2', TOP1_BOTTOM10),
    ],
)
def test_each_benchmark_has_its_combination_function_and_cam_beside_it(name, ccam):
    cam = dict(type='mmccam.TopBottom', i=1, j=0)

    assert read(name).model.head.cams == dict(ccam=ccam, cam=cam)


def test_openimages_is_measured_by_masks_of_any_size():
    metrics = read('nlccam/nlccam_vgg16_openimages30k').test_evaluator

    assert metrics == [
        dict(type='Accuracy', topk=(1, 5)),
        dict(type='mmccam.PxAP', map_name='ccam', scaled_masks=True),
        dict(type='mmccam.PxAP', map_name='cam', scaled_masks=True),
    ]


def test_the_environment_names_images_weights_and_size(custom_images, monkeypatch):
    monkeypatch.setenv('MMCCAM_WEIGHTS', "a 'b'\\c.pth")
    monkeypatch.setenv('MMCCAM_SIZE', '112')

    cfg = read('nlccam_custom')

    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.data_root == str(custom_images)
    assert cfg.model.backbone.init_cfg.checkpoint == "a 'b'\\c.pth"
    # As 256 to 224: 112 * 256 / 224 = 128.
    _, resize, crop, *_ = cfg.train_dataloader.dataset.pipeline
    assert (resize.scale, crop.crop_size) == ((128, 128), 112)


def test_empty_variables_count_as_unset(monkeypatch):
    monkeypatch.setenv('MMCCAM_WEIGHTS', '')
    monkeypatch.setenv('MMCCAM_SIZE', '')

    cfg = read('nlccam_custom')

    assert cfg.model.backbone.init_cfg.checkpoint.startswith('https://')
    assert cfg.test_dataloader.dataset.pipeline[1].scale == (224, 224)


@pytest.mark.parametrize('size', ['0', '-1', '1e2'])
def test_a_size_that_is_no_number_of_pixels_is_refused(monkeypatch, size):
    monkeypatch.setenv('MMCCAM_SIZE', size)
    with pytest.raises(ValueError, match=f'MMCCAM_SIZE must be .* got {size!r}'):
        read('nlccam_custom')


@pytest.mark.parametrize(
    'name', ['nlccam_cub', 'nlccam_ilsvrc', 'nlccam/nlccam_vgg16_cars']
)
def test_the_benchmarks_follow_the_protocol_of_the_paper(name):
    cfg = read(name)

    assert cfg.optim_wrapper.optimizer.lr == 1e-4
    assert cfg.train_dataloader.batch_size == 32
    assert cfg.train_cfg.max_epochs == 30
    load = dict(type='mmccam.LoadImage')
    resize = dict(type='Resize', backend='pillow', interpolation='bilinear')
    keys = ['loc_boxes', 'loc_masks', 'loc_ignore']
    assert cfg.train_dataloader.dataset.pipeline == [
        load,
        dict(resize, scale=(256, 256)),
        dict(type='RandomCrop', crop_size=224),
        dict(type='RandomFlip', prob=0.5, direction='horizontal'),
        dict(type='PackInputs'),
    ]
    # Files of thresholds have it, and are refused if it differs.
    pack = dict(type='PackInputs', algorithm_keys=keys)
    pipeline = [load, dict(resize, scale=(224, 224)), pack]
    assert cfg.test_dataloader.dataset.pipeline == pipeline


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
    load = dict(type='mmccam.LoadImage')

    assert cfg.train_dataloader.batch_size == 16
    assert cfg.train_dataloader.dataset.pipeline == [
        load,
        dict(type='ResizeEdge', scale=224, edge='short', backend='pillow'),
        dict(type='RandomCrop', crop_size=224),
        dict(type='RandomFlip', prob=0.5, direction='horizontal'),
        dict(type='PackInputs'),
    ]
    resize = dict(type='Resize', backend='pillow', interpolation='bilinear')
    keys = ['loc_boxes', 'loc_masks', 'loc_ignore', 'score_crops']
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.pipeline == [
            load,
            dict(type='mmccam.ScoreCrops', edge=256, side=224),
            dict(resize, scale=(224, 224)),
            dict(type='PackInputs', algorithm_keys=keys),
        ]
