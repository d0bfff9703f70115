from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS
from torch import nn

from mmccam.registry import MODELS

ROOT = Path(__file__).parents[1] / 'configs'
PLAIN = 'resnet18_demo'  # a classifier without maps
PATHS = [path.relative_to(ROOT).with_suffix('') for path in ROOT.rglob('*.py')]
CONFIGS = sorted(
    path.as_posix()
    for path in PATHS
    # Those of the neighbours have other tests.
    if not {'_base_', 'neighbours', PLAIN} & set(path.parts)
)
BOTH, CAM = {'ccam', 'cam'}, {'cam'}


@pytest.fixture(autouse=True)
def custom_images(tmp_path, monkeypatch):
    """A folder with the class names that the configs for own images read."""
    names = [f'class {index}' for index in range(12)]
    (tmp_path / 'classes.txt').write_text('\n'.join(names))
    monkeypatch.setenv('MMCCAM_DATA_ROOT', str(tmp_path))
    return tmp_path


def read(name):
    return Config.fromfile(ROOT / f'{name}.py')


def build_model(cfg):
    # The structure without the weights, of which mmpretrain's ResNet is not made.
    device = 'cpu' if cfg.model.backbone.type == 'ResNet' else 'meta'
    with torch.device(device):
        return MODELS.build(cfg.model)


@pytest.mark.parametrize('name', CONFIGS)
def test_the_model_of_each_config_is_built(name):
    cfg = read(name)

    model = build_model(cfg)

    measured = {metric.cam for metric in cfg.test_evaluator if 'cam' in metric}
    # STL-10 has nothing to measure maps by, only pictures of them.
    assert measured == (set() if 'stl10' in name else set(model.head.combinations))
    drawn = {hook.cam for hook in cfg.custom_hooks if 'cam' in hook}
    assert drawn and drawn <= set(model.head.combinations)
    assert model.head.num_classes == model.data_preprocessor.num_classes


def test_a_classifier_and_itself_with_maps_have_the_same_weights():
    plain, with_maps = (build_model(read(name)) for name in (PLAIN, f'ccam_{PLAIN}'))
    shapes, expected = (
        {name: value.shape for name, value in model.state_dict().items()}
        for model in (with_maps, plain)
    )
    assert shapes == expected


@pytest.mark.parametrize(
    ('name', 'blocks', 'channels', 'cams', 'num_classes'),
    [
        ('nlccam_cub', '2345', 512, BOTH, 200),
        ('nlccam_cub_released', '2345', 512, BOTH | {'top1_bottom1', 'linear'}, 200),
        ('vggccam_cub', '', 512, BOTH, 200),
        ('cam_cub', '', 1024, CAM, 200),
        ('nlccam_ilsvrc', '2345', 512, BOTH, 1000),
        ('vggccam_ilsvrc', '', 512, BOTH, 1000),
        ('cam_ilsvrc', '', 1024, CAM, 1000),
        ('nlccam_custom', '2345', 512, BOTH, 12),
        ('vggccam_custom', '', 512, BOTH, 12),
        ('cam_custom', '', 1024, CAM, 12),
        ('nlccam_cub_v2', '2345', 512, BOTH, 200),
        ('nlccam_imagenet_v2', '2345', 512, BOTH, 1000),
        ('nlccam_openimages30k', '2345', 512, BOTH, 100),
        ('nlccam_dogs', '2345', 512, BOTH, 120),
        ('nlccam_cars', '2345', 512, BOTH, 196),
        ('nlccam_stl10', '2345', 512, BOTH, 10),
        ('table7/none_cam_cub', '', 512, CAM, 200),
        ('table7/none_ccam_cub', '', 512, BOTH, 200),
        ('table7/low_cam_cub', '23', 512, CAM, 200),
        ('table7/low_ccam_cub', '23', 512, BOTH, 200),
        ('table7/high_cam_cub', '45', 512, CAM, 200),
        ('table7/high_ccam_cub', '45', 512, BOTH, 200),
        ('table7/both_cam_cub', '2345', 512, CAM, 200),
        ('table7/both_ccam_cub', '2345', 512, BOTH, 200),
    ],
)
def test_the_configs_differ_in_blocks_channels_maps_and_classes(
    name, blocks, channels, cams, num_classes
):
    model = build_model(read(name))

    assert set(model.backbone.non_local_blocks) == set(blocks)
    assert model.head.in_channels == channels
    assert set(model.head.combinations) == cams
    assert model.head.num_classes == num_classes


@pytest.mark.parametrize(
    ('name', 'ccam'),
    [
        ('nlccam_cub', dict(type='mmccam.Polynomial', degree=2)),
        ('nlccam_ilsvrc', dict(type='mmccam.TopBottom', i=1, j=10)),
        ('nlccam_imagenet_v2', dict(type='mmccam.TopBottom', i=1, j=10)),
    ],
)
def test_each_benchmark_has_its_combination_function_and_cam_beside_it(name, ccam):
    cams = read(name).model.head.cams

    assert cams == dict(ccam=ccam, cam=dict(type='mmccam.TopBottom', i=1, j=0))


@pytest.mark.parametrize(
    ('name', 'splits'),
    [
        ('cub', ('train', 'test', 'test')),
        ('ilsvrc', ('train', 'val', 'val')),
        ('custom', ('train', 'val', 'test')),
        ('cub_v2', ('train', 'val', 'test')),
        ('imagenet_v2', ('train', 'val', 'test')),
        ('openimages30k', ('train', 'val', 'test')),
        ('dogs', ('train', 'test', 'test')),
        ('cars', ('train', 'test', 'test')),
        ('stl10', ('train', 'test', 'test')),
    ],
)
def test_training_validation_and_test_have_their_splits(name, splits):
    cfg = read(f'nlccam_{name}')

    loaders = (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader)
    assert tuple(loader.dataset.get('split', 'train') for loader in loaders) == splits


def test_openimages_is_measured_by_masks_of_any_size():
    metrics = read('nlccam_openimages30k').test_evaluator

    assert metrics == [
        dict(type='Accuracy', topk=(1, 5)),
        dict(type='mmccam.PxAP', cam='ccam', scaled_masks=True),
        dict(type='mmccam.PxAP', cam='cam', scaled_masks=True),
    ]


def test_the_environment_names_images_weights_size_and_cache(
    custom_images, monkeypatch
):
    monkeypatch.setenv('MMCCAM_WEIGHTS', 'vgg16.pth')
    monkeypatch.setenv('MMCCAM_SIZE', '112')
    monkeypatch.setenv('MMCCAM_CACHE', '/cache')

    cfg = read('nlccam_custom')

    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.data_root == str(custom_images)
    assert cfg.model.backbone.init_cfg.checkpoint == 'vgg16.pth'
    # As 256 to 224: 112 * 256 / 224 = 128.
    cached, crop = cfg.train_dataloader.dataset.pipeline[:2]
    assert cached.folder == '/cache'
    assert cached.transforms[1].scale == (128, 128)
    assert crop.crop_size == 112
    assert cfg.test_dataloader.dataset.pipeline[1].scale == (112, 112)


def test_images_are_cached_only_where_the_environment_says(monkeypatch):
    monkeypatch.delenv('MMCCAM_CACHE', raising=False)

    assert read('nlccam_cub').train_dataloader.dataset.pipeline[0].folder is None


@pytest.mark.parametrize('name', ['nlccam_cub', 'nlccam_ilsvrc', 'nlccam_cars'])
def test_the_benchmarks_follow_the_protocol_of_the_paper(name):
    cfg = read(name)

    assert cfg.optim_wrapper.optimizer.lr == 1e-4
    assert cfg.train_dataloader.batch_size == 32
    assert cfg.train_cfg.max_epochs == 30
    cached, crop = cfg.train_dataloader.dataset.pipeline[:2]
    assert cached.transforms[1].scale == (256, 256)
    assert crop.crop_size == 224
    assert cfg.test_dataloader.dataset.pipeline[1].scale == (224, 224)


def test_the_released_recipe():
    cfg = read('nlccam_cub_released')
    model = build_model(cfg)

    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    rates = {
        id(parameter): group['lr']
        for group in optimizer.param_groups
        for parameter in group['params']
    }
    assert type(optimizer) is torch.optim.Adam
    of_head = {id(parameter) for parameter in model.head.fc.parameters()}
    assert {rates.pop(parameter) for parameter in of_head} == {5e-4}
    assert set(rates.values()) == {5e-5}
    activations = [m for m in model.modules() if isinstance(m, nn.LeakyReLU)]
    assert {m.negative_slope for m in activations} == {0.2}
    assert len(activations) == 13
    assert cfg.train_dataloader.batch_size == 16
    assert cfg.train_cfg.max_epochs == 100


def test_the_released_learning_rate_falls_in_each_iteration():
    cfg = read('nlccam_cub_released')
    optimizer = torch.optim.Adam([nn.Parameter(torch.zeros(1))], lr=1)
    (scheduler,) = cfg.param_scheduler
    kind = PARAM_SCHEDULERS.get(scheduler.pop('type'))
    assert scheduler.pop('convert_to_iter_based')
    poly = kind.build_iter_from_epoch(
        optimizer, **scheduler, end=cfg.train_cfg.max_epochs, epoch_length=10
    )

    rates = []
    for _ in range(4):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        poly.step()

    # Of 1000 iterations, whose last has the learning rate 0.
    assert rates == pytest.approx([(1 - i / 999) ** 0.9 for i in range(4)])


def test_the_released_evaluation():
    _, *metrics = read('nlccam_cub_released').test_evaluator

    assert {m.type for m in metrics} == {'mmccam.CCAMLocalizationMetric'}
    assert {(m.box_rule, m.threshold) for m in metrics} == {('nlccam_released', 0.12)}
