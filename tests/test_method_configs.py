"""The configs of the other methods: their networks, and the numbers of the references.

Choe et al. are the standard comparison of these methods (CVPR 2020).
"""

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from our_configs import METHODS, build_model, read

pytestmark = pytest.mark.usefixtures('custom_images')
IMAGE = (2, 3, 224, 224)
CHOE = ('vgg16', 'inception_v3', 'resnet50')
# Channels and side of the feature maps that the head gets of an image of 224 x 224.
VGG = [(1024, 14)]
INCEPTION = [(768, 28), (1024, 28)]
RESNET = [(2048, 28)]
GOOGLENET = [(832, 14), (1024, 14)]
ALEXNET = [(256, 13), (1024, 13)]
CAM = dict(inception_v3=INCEPTION, resnet50=RESNET, googlenet=GOOGLENET)
NETWORKS = dict(
    cam=dict(CAM, alexnet=ALEXNET),
    has=dict(CAM, alexnet=ALEXNET, vgg16=VGG),
    adl=dict(vgg16=VGG, inception_v3=INCEPTION, resnet50=RESNET),
    cutmix=dict(vgg16=VGG, inception_v3=INCEPTION, resnet50=RESNET),
    acol=dict(
        vgg16=[(512, 14), (512, 14), (1024, 14)],  # before and behind the pool
        inception_v3=INCEPTION,
        resnet50=[(2048, 28), (1024, 28)],
        googlenet=GOOGLENET,
    ),
    spg=dict(
        vgg16=[(512, 14), (512, 14), (512, 14)],
        inception_v3=[(288, 28), (768, 28), (768, 28), (1024, 28)],
        resnet50=[(1024, 28), (1024, 28), (2048, 28)],
    ),
    tscam=dict(deit_small=[(1, 14), (384, 14)]),
    saliency=dict(vgg16=VGG, googlenet=GOOGLENET),
)
HEADS = dict(acol='ACoLHead', spg='SPGHead', tscam='TSCAMHead')


@pytest.mark.parametrize(
    ('method', 'backbone'), [(m, b) for m in NETWORKS for b in NETWORKS[m]]
)
def test_each_method_has_its_network(method, backbone):
    model = build_model(read(f'{method}/{method}_{backbone}_custom')).eval()
    head = model.head

    feats = model.extract_feat(torch.empty(IMAGE, device='meta'))
    found = [(feat.shape[1], feat.shape[2]) for feat in feats]
    assert found == NETWORKS[method][backbone]
    assert head(feats).shape == (2, 12)
    assert type(head).__name__ == HEADS.get(method, 'GAPClsHead')
    if method == 'acol':
        assert head.branch_b.in_channels == found[-2][0]
    if method == 'spg':
        read_by = [head.b1.in_channels, head.b2.in_channels]
        assert read_by == [channels for channels, _ in found[:2]]
    augments = model.data_preprocessor.batch_augments
    kinds = [type(one).__name__ for one in augments.augments] if augments else []
    assert kinds[:1] == dict(has=['HideAndSeek'], cutmix=['CutMix']).get(method, [])


def test_acol_and_spg_read_the_layers_of_choe_et_al():
    acol, *spg = (
        read(f'{name}_custom').model.backbone
        for name in ('acol/acol_vgg16', *(f'spg/spg_{backbone}' for backbone in CHOE))
    )

    # Size and stride of each pool.
    assert acol.pools == ((3, 2), (3, 2), (3, 2), (3, 2), (3, 1))
    assert spg[0].pools == ((2, 2), (2, 2), (2, 2), (3, 2), None)
    assert spg[0].out_indices == (3, 4)
    # Behind Mixed_5d, of which maxpool3 changes nothing with a stride of 8.
    assert spg[1].out_layers == ('maxpool3', 'Mixed_6d')
    assert spg[2].out_layers == ('layer3.0', 'layer3')


PLACES = dict(
    vgg16=['features.9', 'features.12', 'features.16'],
    inception_v3=['Mixed_5d', 'Mixed_6e', 'neck.conv2'],
    resnet50=['layer3.0', 'layer4.0', 'layer4.2'],
)


@pytest.mark.parametrize('backbone', CHOE)
def test_adl_is_in_the_places_of_choe_et_al(backbone):
    model = build_model(read(f'adl/adl_{backbone}_custom'))

    neck = [f'neck.{name}' for name in model.neck.behind] if model.neck else []
    assert [*model.backbone.behind, *neck] == PLACES[backbone]
    assert not any(isinstance(m, torch.nn.Dropout) for m in model.modules())


# Their searched settings for CUB: learning rate, and the method's own numbers.
CUB = {
    'cam': [(1.268269e-5,), (2.24844746e-3,), (2.3222617e-4,)],
    'has': [
        (1.43e-3, 65, 0.47),
        (1.400558066e-2, 170, 0.26),
        (3.61996526e-3, 120, 0.66),
    ],
    'acol': [(1.0569582e-4, 0.89), (6.58832165e-3, 0.79), (1.700073e-5, 0.57)],
    'spg': [  # h and l for B2, B1 and C
        (1.2558923e-4, (0.29, 0.23), (0.03, 0.02), (0.82, 0.59)),
        (3.360682e-4, (0.28, 0.02), (0.17, 0.03), (0.47, 0.31)),
        (4.521947e-5, (0.41, 0.35), (0.24, 0.21), (0.12, 0.08)),
    ],
    'adl': [
        (2.430601e-5, 0.72, 0.33),
        (3.8655054e-4, 0.86, 0.69),
        (1.253438325e-2, 0.76, 0.24),
    ],
    'cutmix': [
        (3.220934e-5, 0.85, 0.79),
        (2.25171726e-3, 0.04, 0.30),
        (3.333722e-4, 1.35, 0.24),
    ],
}


def own_numbers(method, model):
    """The numbers of a method in the config of a model, in the order of CUB."""
    if method == 'acol':
        return (model.head.threshold,)
    if method == 'spg':
        return tuple(tuple(model.head[f'thresholds_{b}']) for b in ('b2', 'b1', 'c'))
    if method == 'adl':
        for part in (model.backbone, model.get('neck', {})):
            if 'adl' in part:
                assert part.adl.threshold == model.backbone.adl.threshold
                assert part.adl.drop_rate == model.backbone.adl.drop_rate
        return model.backbone.adl.threshold, model.backbone.adl.drop_rate
    if method == 'has':
        augment = model.train_cfg.augments
        return augment.grid, augment.rate
    if method == 'cutmix':
        return model.train_cfg.augments.alpha, model.train_cfg.probs
    return ()


@pytest.mark.parametrize('index', range(3), ids=CHOE)
@pytest.mark.parametrize('method', CUB)
def test_cub_has_the_numbers_of_choe_et_al(method, index):
    backbone = CHOE[index]
    choe = '_choe' if (method, backbone) == ('cam', 'vgg16') else ''
    cfg = read(f'{method}/{method}_{backbone}_cub{choe}')

    rate, *numbers = CUB[method][index]
    check_schedule(cfg, backbone, rate, [14, 29, 44], 50)
    assert own_numbers(method, cfg.model) == tuple(numbers)


def check_schedule(cfg, backbone, rate, milestones, epochs):
    assert cfg.optim_wrapper.optimizer == dict(
        type='SGD',
        lr=rate,
        momentum=0.9,
        nesterov=True,
        weight_decay=1e-4 if backbone == 'resnet50' else 5e-4,
    )
    # The first drop is before the epoch after which it is named: 15, or 3.
    steps = dict(type='MultiStepLR', milestones=milestones, gamma=0.1)
    assert cfg.param_scheduler == [steps]
    assert cfg.train_cfg.max_epochs == epochs
    assert cfg.train_dataloader.batch_size == 32


# The rates of their CAM, and that of an example on OpenImages30k.
RATES = dict(vgg16=1.654502e-5, inception_v3=3.606503e-4, resnet50=3.108411e-5)


@pytest.mark.parametrize('data', ['ilsvrc', 'openimages30k'])
@pytest.mark.parametrize('backbone', CHOE)
@pytest.mark.parametrize('method', CUB)
def test_other_data_have_the_rate_of_cam_and_the_authors_defaults(
    method, backbone, data
):
    choe = '_choe' if (method, backbone, data) == ('cam', 'vgg16', 'ilsvrc') else ''
    cfg = read(f'{method}/{method}_{backbone}_{data}{choe}')

    rate = 2.27913316e-3 if (backbone, data) == ('vgg16', 'openimages30k') else None
    check_schedule(cfg, backbone, rate or RATES[backbone], [2, 5, 8], 10)
    numbers = cfg.model.head.keys() & {'threshold', 'thresholds_b1', 'thresholds_c'}
    assert not numbers and 'drop_rate' not in str(cfg.model)
    # Theirs differs from the authors' 0.05.
    assert cfg.model.head.get('thresholds_b2') == (
        (0.7, 0.01) if method == 'spg' else None
    )


# Parts that learn ten times as fast, by the names in their program.
LAYER4 = {'backbone.layer4'}
CONVS = {f'backbone.features.{layer}' for layer in (10, 11, 12, 14, 15, 16)}
FAST = {
    'cam/cam_vgg16_cub_choe': {'backbone.extra_conv', 'head.fc'},
    'cam/cam_inception_v3_cub': {'neck', 'head.fc'},
    'cam/cam_resnet50_cub': {*LAYER4, 'head.fc'},
    'adl/adl_resnet50_ilsvrc': {*LAYER4, 'head.fc'},
    'acol/acol_vgg16_cub': {'neck', 'head'},
    'acol/acol_resnet50_cub': LAYER4,
    'acol/acol_resnet50_ilsvrc': LAYER4,
    'spg/spg_vgg16_cub': {*CONVS, 'neck', 'head'},
    'spg/spg_vgg16_openimages30k': {*CONVS, 'neck', 'head'},
    'spg/spg_inception_v3_cub': {'neck', 'head'},
    'spg/spg_resnet50_cub': LAYER4,
}


def by_setting(cfg, setting):
    """The names of a network's parameters by a setting of the optimizer."""
    model = build_model(cfg)
    names = {parameter: name for name, parameter in model.named_parameters()}
    groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    found = {}
    for group in groups:
        parts = {names[parameter] for parameter in group['params']}
        found.setdefault(group[setting], set()).update(parts)
    return found


@pytest.mark.parametrize('name', FAST)
def test_the_new_layers_of_choe_et_al_learn_ten_times_as_fast(name):
    cfg = read(name)
    found = by_setting(cfg, 'lr')

    base = cfg.optim_wrapper.optimizer.lr
    assert sorted(found) == pytest.approx([base, 10 * base])
    slow, fast = (found[rate] for rate in sorted(found))
    starts = tuple(f'{part}.' for part in FAST[name])
    assert fast == {name for name in slow | fast if name.startswith(starts)}


@pytest.mark.parametrize(
    ('data', 'rate', 'batch', 'milestones', 'epochs'),
    [('cub', 5e-5, 128, [29, 59], 60), ('ilsvrc', 5e-4, 256, [9, 11], 12)],
)
def test_ts_cam_trains_as_its_authors_do(data, rate, batch, milestones, epochs):
    cfg = read(f'tscam/tscam_deit_small_{data}')

    assert cfg.optim_wrapper.optimizer == dict(type='AdamW', lr=rate, weight_decay=0.05)
    assert cfg.train_dataloader.batch_size == batch
    assert cfg.param_scheduler == [
        dict(type='MultiStepLR', milestones=milestones, gamma=0.1)
    ]
    assert cfg.train_cfg.max_epochs == epochs
    found = by_setting(cfg, 'weight_decay')
    assert found.keys() == {0, 0.05}
    assert all(name.endswith('.weight') for name in found[0.05])
    kept = {'backbone.cls_token', 'backbone.pos_embed', 'head.conv.bias'}
    assert kept <= found[0]
    assert not any('.ln' in name for name in found[0.05])


@pytest.mark.parametrize('name', sorted(n for n in METHODS if n.endswith('_custom')))
def test_on_own_images_all_methods_have_one_schedule(name):
    cfg, nlccam = read(name), read('nlccam_custom')

    for part in ('optim_wrapper', 'param_scheduler', 'train_cfg', 'train_dataloader'):
        assert cfg[part] == nlccam[part]
    frozen = 2 if '_vgg16_' in name else -1
    assert cfg.model.backbone.get('frozen_stages', -1) == frozen
