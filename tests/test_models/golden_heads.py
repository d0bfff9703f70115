"""The networks of ACoL and SPG whose reference values are in ``tests/data/methods``."""

import golden_names_heads
from golden_methods import NUM_CLASSES, build, load, vgg_rules

# Architecture and size of the map. The large ones are in ../shared only. Those that are
# not listed differ in the backbone alone, which the networks for CAM have too.
NETWORKS = [
    ('vgg16', 'small'),
    ('vgg16', 'large'),
    ('resnet50', 'small'),
    ('inception_v3', 'small'),
]
THREE = ((3, 2),) * 3
TWO = ((2, 2),) * 3


def backbone(architecture, is_small):
    if architecture == 'resnet50':
        strides = (1, 2, 2, 1) if is_small else (1, 2, 1, 1)
        return dict(type='mmccam.ResNet', depth=50, strides=strides)
    return dict(type='mmccam.InceptionV3', stride=16 if is_small else 8)


def acol(architecture, is_small):
    channels = dict(vgg16=512, resnet50=2048, inception_v3=768)[architecture]
    if architecture == 'vgg16':
        pools = (*THREE, (3, 2) if is_small else (3, 1), (3, 1))
        layers = dict(type='mmccam.NonLocalVGG', non_local_stages=(), pools=pools)
    else:
        layers = backbone(architecture, is_small)
    return dict(
        type='ImageClassifier',
        backbone=layers,
        neck=dict(
            type='mmccam.ConvNeck',
            in_channels=channels,
            channels=(1024, 1024),
            pool=architecture == 'vgg16',
        ),
        head=dict(
            type='mmccam.ACoLHead',
            num_classes=NUM_CLASSES,
            in_channels=1024,
            shared_channels=channels,
            threshold=0.7,
        ),
    )


def spg(architecture, is_small):
    head = dict(
        type='mmccam.SPGHead', num_classes=NUM_CLASSES, thresholds_b2=(0.7, 0.01)
    )
    if architecture == 'vgg16':
        neck = dict(type='mmccam.ConvNeck', in_channels=512, channels=(512, 512))
        layers = dict(
            type='mmccam.NonLocalVGG',
            non_local_stages=(),
            pools=(*TWO, (3, 2) if is_small else None, None),
            out_indices=(3, 4),
        )
        head.update(in_channels=512, b_channels=(512, 512))
    elif architecture == 'resnet50':
        neck = None
        layers = dict(
            backbone(architecture, is_small), out_layers=('layer3.0', 'layer3')
        )
        head.update(in_channels=2048, b_channels=(1024, 1024), b_width=1024)
    else:
        neck = dict(
            type='mmccam.ConvNeck', in_channels=768, channels=(1024, 1024), dropout=0.5
        )
        layers = dict(
            backbone(architecture, is_small), out_layers=('maxpool3', 'Mixed_6d')
        )
        head.update(in_channels=1024, b_channels=(288, 768))
    return dict(type='ImageClassifier', backbone=layers, neck=neck, head=head)


def network(architecture, method, size):
    """A network in evaluation mode, its reference values and its rules of names."""
    golden = load(f'{architecture}_{method}', size)
    rules = getattr(golden_names_heads, method.upper())
    if architecture == 'vgg16':
        rules += vgg_rules(list(golden['names']))
    cfg = dict(acol=acol, spg=spg)[method](architecture, size == 'small')
    return build(cfg, list(golden['names']), rules), golden, rules
