"""Each method trains by its config for own images, and is tested with thresholds."""

import json

import pytest
from small_runs import ROOT

# What makes the networks small.
VGG = ('model.backbone.depth=11', 'model.head.in_channels=8')
CONV6 = (*VGG, 'model.backbone.extra_conv=8')
NECK = ('model.neck.channels=[8,8]',)
SMALL = dict(
    cam_alexnet=('model.neck.channels=[8]', 'model.head.in_channels=8'),
    has_vgg16=(*CONV6, '+model.train_cfg.augments.grid=16'),
    acol_vgg16=(*VGG, *NECK),
    spg_vgg16=(*VGG, *NECK, 'model.head.b_width=8'),
    adl_vgg16=(*CONV6, "model.backbone.adl.layers=['features.6', 'features.9']"),
    cutmix_vgg16=CONV6,
    tscam_deit_small=('model.backbone.arch=deit-tiny', 'model.head.in_channels=192'),
    # Ten maps by gradients.
    saliency_vgg16=(
        *CONV6,
        '+val_dataloader.dataset.indices=3',
        '+test_dataloader.dataset.indices=3',
    ),
)


SALIENCY = 'backprop deconv guided feedback grad_cam grad_cam_pp layer_cam mwp c_mwp'
MAPS = dict(saliency_vgg16={'cam', 'ccam', 'mwp_ccam', *SALIENCY.split()})


@pytest.mark.slow
@pytest.mark.parametrize('name', SMALL)
def test_a_method_trains_and_is_tested(name, run, monkeypatch):
    monkeypatch.setenv('MMCCAM_DATA_ROOT', str(run.data))
    monkeypatch.setenv('MMCCAM_SIZE', '64')
    config = ROOT / f'configs/{name.partition("_")[0]}/{name}_custom.py'
    options = ['model.backbone.init_cfg=None', 'train_cfg.max_epochs=1', *SMALL[name]]
    options += ['default_hooks.checkpoint.save_optimizer=False']
    checkpoint, out = (run.folder / name / f for f in ('epoch_1.pth', 'results.json'))
    rules = ('--box-rules', 'mean_multiple')

    for tool, *args in (
        ['train.py', '--no-validate'],
        ['search_threshold.py', checkpoint, *rules],
        ['test.py', checkpoint, '--thresholds', '--out', out],
    ):
        run.checked(tool, config, *args, options=options, work_dir=name)

    results = json.loads(out.read_text())
    assert results['boxes'].keys() == MAPS.get(name, {'cam', 'ccam'})
    assert {box['chosen_on'] for box in results['boxes'].values()} == {'val'}
    for name in ('cam', 'ccam'):
        assert results['metrics'][f'{name}/MaxBoxAcc_degenerate_maps'] == 0
