"""What mmccam builds is the same under the default scope of another toolbox."""

import pytest
from mmengine.registry import DefaultScope
from toolboxes import import_or_skip

import_or_skip('mmdet', 'mmseg', 'ftfy', 'regex')

import mmdet.registry  # noqa: E402
import mmseg.registry  # noqa: E402
from mmpretrain.models import (  # noqa: E402
    ClsDataPreprocessor,
    CrossEntropyLoss,
    LabelSmoothLoss,
)

CAM = dict(map_name='cam')
HEAD = dict(type='mmccam.GAPClsHead', num_classes=3, in_channels=512)
BACKBONE = dict(type='mmccam.NonLocalVGG', depth=11)
DATA = dict(type='mmccam.WSOLDataset', data_root='.', lazy_init=True)
PARTS = [
    ('MODELS', HEAD),
    (
        'MODELS',
        dict(
            BACKBONE,
            norm_cfg=dict(type='BN'),
            act_cfg=dict(type='LeakyReLU', negative_slope=0.2),
            init_cfg=dict(type='Kaiming', layer='Conv2d'),
        ),
    ),
    ('TASK_UTILS', dict(type='mmccam.Polynomial', degree=2)),
    ('TASK_UTILS', dict(type='mmccam.TopBottom', i=1, j=1)),
    ('DATASETS', DATA),
    ('TRANSFORMS', dict(type='mmccam.LoadImage')),
    (
        'METRICS',
        dict(type='mmccam.CCAMLocalizationMetric', box_rule='largest_component', **CAM),
    ),
    ('METRICS', dict(type='mmccam.MaxBoxAcc', **CAM)),
    ('METRICS', dict(type='mmccam.DumpBoxes', out_file='a.json', root='.', **CAM)),
    ('HOOKS', dict(type='mmccam.FiniteLossHook')),
    ('HOOKS', dict(type='mmccam.EpochSeedHook')),
    ('HOOKS', dict(type='mmccam.ResumableCheckpointHook')),
    ('HOOKS', dict(type='mmccam.LocalizationVisualizationHook', **CAM)),
]


@pytest.fixture(params=[mmdet, mmseg], ids=lambda package: package.__name__)
def registries(request):
    with DefaultScope.overwrite_default_scope(request.param.__name__):
        yield request.param.registry


@pytest.mark.parametrize(
    ('registry', 'cfg'), PARTS, ids=[f'{cfg["type"]}' for _, cfg in PARTS]
)
def test_a_part_is_built_by_the_registry_of_another_toolbox(registries, registry, cfg):
    part = getattr(registries, registry).build(dict(cfg))
    assert type(part).__module__.startswith('mmccam.')
    assert type(part).__name__ == cfg['type'].partition('.')[2]


def test_the_losses_of_the_head_are_those_of_mmpretrain(registries):
    head = registries.MODELS.build(dict(HEAD))
    assert type(head.loss_module) is CrossEntropyLoss
    smooth = dict(type='LabelSmoothLoss', label_smooth_val=0.1)
    loss = registries.MODELS.build(dict(HEAD, loss=smooth)).loss_module
    assert (type(loss), type(loss.ce)) == (LabelSmoothLoss, CrossEntropyLoss)


def test_a_model_and_a_data_set_name_the_scope_of_their_parts(registries):
    classifier = dict(
        type='ImageClassifier',
        _scope_='mmpretrain',
        data_preprocessor=dict(num_classes=3),
        backbone=BACKBONE,
        head=HEAD,
    )
    classifier = registries.MODELS.build(classifier)
    assert type(classifier.data_preprocessor) is ClsDataPreprocessor
    assert type(classifier.head.loss_module) is CrossEntropyLoss

    pipeline = [dict(type='Resize', scale=64), dict(type='PackInputs')]
    dataset = dict(DATA, _scope_='mmpretrain', pipeline=pipeline)
    transforms = registries.DATASETS.build(dataset).pipeline.transforms
    modules = [type(step).__module__ for step in transforms]
    assert not any(module.startswith(('mmdet.', 'mmseg.')) for module in modules)
