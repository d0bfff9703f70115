from pathlib import Path

import pytest
from mmengine.config import Config

from mmccam.registry import MODELS

CONFIGS = sorted(path for path in Path(__file__).parents[1].glob('configs/*.py'))


@pytest.fixture(autouse=True)
def custom_images(tmp_path, monkeypatch):
    """A folder with the class names that the configs for own images read."""
    names = [f'class {index}' for index in range(12)]
    (tmp_path / 'classes.txt').write_text('\n'.join(names))
    monkeypatch.setenv('MMCCAM_DATA_ROOT', str(tmp_path))
    return tmp_path


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_the_model_of_each_config_is_built(path):
    cfg = Config.fromfile(path)

    model = MODELS.build(cfg.model)

    metrics = [m for m in cfg.test_evaluator if 'cam' in m]
    assert {m.cam for m in metrics} == set(model.head.combinations)
    assert model.head.num_classes == model.data_preprocessor.num_classes


@pytest.mark.parametrize('data', ['cub', 'custom'])
@pytest.mark.parametrize(
    ('name', 'blocks', 'channels', 'cams'),
    [
        ('nlccam', {'2', '3', '4', '5'}, 512, {'ccam', 'cam'}),
        ('vggccam', set(), 512, {'ccam', 'cam'}),
        ('cam', set(), 1024, {'cam'}),
    ],
)
def test_the_configs_differ_in_blocks_channels_and_maps(
    name, blocks, channels, cams, data
):
    cfg = Config.fromfile(Path(__file__).parents[1] / f'configs/{name}_{data}.py')

    model = MODELS.build(cfg.model)

    assert set(model.backbone.non_local_blocks) == blocks
    assert model.head.in_channels == channels
    assert set(model.head.combinations) == cams
    assert model.head.num_classes == {'cub': 200, 'custom': 12}[data]


def test_the_environment_points_at_images_weights_and_size(custom_images, monkeypatch):
    monkeypatch.setenv('MMCCAM_WEIGHTS', 'vgg16.pth')
    monkeypatch.setenv('MMCCAM_SIZE', '112')

    cfg = Config.fromfile(Path(__file__).parents[1] / 'configs/nlccam_custom.py')

    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.data_root == str(custom_images)
    assert cfg.model.backbone.init_cfg.checkpoint == 'vgg16.pth'
    # As 256 to 224: 112 * 256 / 224 = 128.
    resize, crop = cfg.train_dataloader.dataset.pipeline[1:3]
    assert resize.scale == (128, 128)
    assert crop.crop_size == 112
    assert cfg.test_dataloader.dataset.pipeline[1].scale == (112, 112)


def test_the_cub_configs_follow_the_protocol_of_the_paper():
    cfg = Config.fromfile(Path(__file__).parents[1] / 'configs/nlccam_cub.py')

    assert cfg.optim_wrapper.optimizer.lr == 1e-4
    assert cfg.train_dataloader.batch_size == 32
    assert cfg.train_cfg.max_epochs == 30
    resize, crop = cfg.train_dataloader.dataset.pipeline[1:3]
    assert resize.scale == (256, 256)
    assert crop.crop_size == 224
    assert cfg.test_dataloader.dataset.pipeline[1].scale == (224, 224)
