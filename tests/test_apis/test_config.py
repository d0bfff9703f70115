import pytest
from mmengine.config import Config

from mmccam.apis.config import apply_options


@pytest.fixture
def cfg(tmp_path):
    """A config with a variable that was copied to where it is used."""
    file = tmp_path / 'config.py'
    file.write_text(
        'data_root = "data/cub"\n'
        'default_scope = "mmpretrain"\n'
        'model = dict(type="ImageClassifier", backbone=dict(type="mmccam.NonLocalVGG"))'
        '\ntrain_dataloader = dict(dataset=dict(type="mmccam.CUB", '
        'data_root=data_root, pipeline=[dict(type="Resize", scale=224)]))\n'
        'train_cfg = dict(max_epochs=3)\n'
        'optim_wrapper = dict(optimizer=dict(type="Adam", lr=0.1))\n'
        'default_hooks = dict(checkpoint=dict(type="CheckpointHook"))\n'
        'val_evaluator = [dict(type="mmccam.CCAMLocalizationMetric", map_name="cam")]\n'
    )
    return Config.fromfile(file)


@pytest.mark.parametrize(
    'key',
    [
        'train_cfg.max_epochs',
        'train_dataloader.dataset.pipeline.0.scale',
        # Arguments of a class, of its base, of all its bases, and of the runner.
        'optim_wrapper.optimizer.fused',
        'model.backbone.out_indices',
        'val_evaluator.0.threshold',
        'randomness',
        # What a run looks up.
        'sync_bn',
        # Parts that are not there yet.
        'model.neck.type',
    ],
)
def test_what_a_run_reads_is_changed(cfg, key):
    apply_options(cfg, {key: 7})
    for name in key.split('.'):
        cfg = cfg[int(name) if name.isdigit() else name]
    assert cfg == 7


def test_a_part_is_changed_and_removed(cfg):
    apply_options(cfg, {'train_dataloader.dataset.type': 'X', 'train_dataloader': None})
    assert cfg.train_dataloader is None


def test_a_plus_adds_any_key(cfg):
    apply_options(cfg, {'+train_cfg.val_begin': 2, '+mine': 1})
    assert cfg.train_cfg == dict(max_epochs=3, val_begin=2)
    assert cfg.mine == 1


@pytest.mark.parametrize(
    ('key', 'reason', 'nearest'),
    [
        ('trian_cfg.max_epochs', 'trian_cfg is not in', 'train_cfg.max_epochs'),
        ('data_root', 'data_root is read by no', 'train_dataloader.dataset.data_root'),
        ('optim_wrapper.optimizer.lrr', 'lrr is not in', 'optim_wrapper.optimizer.lr'),
        (
            'default_hooks.checkpoint.intervall',
            'default_hooks.checkpoint.intervall is not in',
            'default_hooks.checkpoint.interval',
        ),
        ('val_evaluator.0.treshold', 'treshold is not', 'val_evaluator.0.threshold'),
        ('train_cfg.val_begin', 'val_begin is not in', 'train_cfg.max_epochs'),
    ],
)
def test_what_no_run_reads_is_refused_with_the_nearest_key(cfg, key, reason, nearest):
    message = rf'{reason} .*the nearest keys are {nearest}\b.* write \+{key}$'
    with pytest.raises(ValueError, match=message):
        apply_options(cfg, {key: 1})


@pytest.mark.parametrize('key', ['val_evaluator.1.prefix', 'train_cfg.max_epochs.x'])
def test_a_place_that_does_not_exist_is_refused(cfg, key):
    with pytest.raises(ValueError, match=f'option {key} leads to a place that the'):
        apply_options(cfg, {key: 1})


KEYS = ['loc_boxes', 'score_crops']
CENTRE = dict(type='mmccam.ScoreCrops')
TEN = dict(CENTRE, num_crops=10, edge=72)


def two_views(*steps, keys=('loc_boxes',), model=(), **options):
    """The pipelines of training, validation and test under the options of a model."""
    steps = [dict(type='mmccam.LoadImage'), *steps, dict(type='Resize', scale=64)]
    steps += [dict(type='PackInputs', algorithm_keys=list(keys))]
    dataset = dict(dataset=dict(type='mmccam.CUB', pipeline=steps))
    loaders = {f'{split}_dataloader': dataset for split in ('train', 'val', 'test')}
    model = dict(model, type='mmccam.TwoViewClassifier')
    cfg = Config(dict(model=model, default_scope='mmpretrain', **loaders))
    apply_options(cfg, None)  # which the tools do twice
    apply_options(cfg, {f'model.{key}': value for key, value in options.items()})
    return [cfg[name].dataset.pipeline for name in loaders]


@pytest.mark.parametrize(
    ('given', 'crops'),
    [
        ({}, CENTRE),
        (dict(model=dict(score_crops=dict(num_crops=10, edge=72))), TEN),
        ({'score_crops.num_crops': 10, 'score_crops.edge': 72}, TEN),
        (
            {
                'model': dict(score_crops=dict(num_crops=1, edge=72)),
                'score_crops.num_crops': 10,
            },
            TEN,
        ),
    ],
)
def test_the_type_of_the_model_adds_crops(given, crops):
    train, *others = two_views(**given)
    load, resize, _ = train
    pack = dict(type='PackInputs', algorithm_keys=KEYS)
    assert others == [[load, crops, resize, pack]] * 2


def test_crops_of_a_pipeline_stay_unless_the_model_has_others():
    assert two_views(TEN, keys=KEYS)[2] == two_views(TEN, keys=KEYS)[0]
    (_, crops, *_) = two_views(TEN, keys=KEYS, **{'score_crops.num_crops': 1})[2]
    assert crops == dict(TEN, num_crops=1)


def test_a_data_set_around_others_has_no_crops():
    dataset = dict(type='ConcatDataset', datasets=[])
    cfg = dict(val_dataloader=None, test_dataloader=dict(dataset=dataset))
    cfg = Config(dict(cfg, model=dict(type='mmccam.TwoViewClassifier')))
    apply_options(cfg, None)
    assert cfg.test_dataloader.dataset == dataset


def test_wrong_crops():
    with pytest.raises(ValueError, match=r'such as dict\(num_crops=10\), got 10$'):
        two_views(score_crops=10)
