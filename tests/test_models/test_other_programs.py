"""Weights of other programs' networks get the names of ours."""

from functools import cache

import golden_heads
import golden_names_heads
import pytest
import torch
from golden_methods import cam_network, load, ours, vgg_rules
from mmpretrain.registry import MODELS
from other_vggs import mmccam, released, torchvision
from test_golden_adl import BLOCKS

from mmccam.checkpoints.other_programs import from_other_program

ARCHITECTURES = ('vgg16', 'resnet50', 'inception_v3')
METHODS = ('cam', 'adl', 'acol', 'spg')


def weight(number, shape):
    """A weight with one number in it, and the memory of one."""
    return torch.tensor(float(number)).expand(shape)


def contents(weights):
    """Number and shape of each weight."""
    return {k: (int(v[(0,) * v.ndim]), tuple(v.shape)) for k, v in weights.items()}


@cache
def shapes(architecture, method):
    """Shapes of all weights of our network, the same for both sizes of the map."""
    if method == 'adl':
        return shapes(architecture, 'cam')
    if method == 'cam':
        cfg, _ = cam_network(architecture, 'small', [])
    else:
        cfg = getattr(golden_heads, method)(architecture, True)
    found = {}
    for part in filter(cfg.get, ('backbone', 'neck', 'head')):
        # The structure without the weights, of which a ResNet is not made.
        is_resnet = cfg[part]['type'] == 'mmccam.ResNet'
        with torch.device('cpu' if is_resnet else 'meta'):
            state = MODELS.build(cfg[part]).state_dict()
        found.update({f'{part}.{k}': tuple(v.shape) for k, v in state.items()})
    return found


def rules_of(architecture, method, names):
    """The rules of names with which our network has the values of the reference."""
    if method in ('acol', 'spg'):
        rules = getattr(golden_names_heads, method.upper())
        return rules + (vgg_rules(names) if architecture == 'vgg16' else ())
    _, rules = cam_network(architecture, 'small', names)
    return (*BLOCKS, *rules) if (architecture, method) == ('resnet50', 'adl') else rules


def reference_weights(architecture, method, size='small'):
    """Weights of the reference: each has its place in the list of names in it."""
    names = load(f'{architecture}_{method}', size)['names'].tolist()
    rules = rules_of(architecture, method, names)
    weights = {}
    for number, name in enumerate(names):
        target = ours(name, rules)
        shape = shapes(architecture, method)[target]
        # What is no `fc` there is a convolution of 1 x 1.
        is_map = target in ('head.fc.weight', 'head.fc_b.weight') and name[:2] != 'fc'
        weights[name] = weight(number, shape + (1, 1) * is_map)
    return weights


@pytest.mark.parametrize('size', ['small', 'large'])
@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('architecture', ARCHITECTURES)
def test_networks_of_wsolevaluation_become_ours(architecture, method, size):
    theirs = reference_weights(architecture, method, size)
    rules = rules_of(architecture, method, list(theirs))
    wanted = shapes(architecture, method)
    targets = [ours(name, rules) for name in theirs]
    expected = {name: (number, wanted[name]) for number, name in enumerate(targets)}
    assert expected.keys() == wanted.keys()
    assert contents(from_other_program(theirs)) == expected


ACOL = {'classifier_A': 'cls', 'classifier_B': 'cls_erase'}
# Names of SPG's authors do not matter: these are none.
SPG = {
    'SPG_A3_1b': 'a',
    'SPG_A3_2b': 'b',
    'SPG_A4': 'c',
    'SPG_B_1a': 'd',
    'SPG_B_2a': 'e',
    'SPG_B_shared': 'f',
    'SPG_C': 'g',
}


@pytest.mark.parametrize(
    ('reference', 'sequences'), [('vgg16_acol', ACOL), ('inception_v3_spg', SPG)]
)
def test_networks_of_the_authors_are_those_of_wsolevaluation(reference, sequences):
    reference = reference_weights(*reference.rsplit('_', 1))
    theirs = {}
    for name, value in reference.items():
        sequence, _, rest = name.partition('.')
        theirs[f'{sequences.get(sequence, sequence)}.{rest}'] = value
    converted = from_other_program(theirs)
    assert contents(converted) == contents(from_other_program(reference))


@pytest.mark.parametrize(
    ('name', 'shape', 'message'),
    [
        ('x.0.weight', (9, 512, 1, 1), 'has also x.0.weight$'),  # no layer of SPG
        # The same as `SPG_A3_1b`: which of them it is cannot be known.
        ('x.weight', (1024, 768, 3, 3), 'has also a.0.weight and 1 more$'),
    ],
)
def test_layers_of_spg_that_are_not_its_own_are_refused(name, shape, message):
    reference = reference_weights('inception_v3', 'spg')
    theirs = {k.replace('SPG_A3_1b', 'a'): v for k, v in reference.items()}
    theirs = {k.replace('SPG_A3_2b', 'b'): v for k, v in theirs.items()}
    theirs = {k.replace('SPG', 'c'): v for k, v in theirs.items()}
    with pytest.raises(ValueError, match=f'^it is of SPG, but {message}'):
        from_other_program({**theirs, name: weight(1, shape)})


# Of one of the layers, and of the rest, for a network of three channels.
BLOCK = {
    'norm1.weight': ('ln1.weight', (3,)),
    'norm1.bias': ('ln1.bias', (3,)),
    'attn.qkv.weight': ('attn.qkv.weight', (9, 3)),
    'attn.qkv.bias': ('attn.qkv.bias', (9,)),
    'attn.proj.weight': ('attn.proj.weight', (3, 3)),
    'attn.proj.bias': ('attn.proj.bias', (3,)),
    'norm2.weight': ('ln2.weight', (3,)),
    'norm2.bias': ('ln2.bias', (3,)),
    'mlp.fc1.weight': ('ffn.layers.0.0.weight', (5, 3)),
    'mlp.fc1.bias': ('ffn.layers.0.0.bias', (5,)),
    'mlp.fc2.weight': ('ffn.layers.1.weight', (3, 5)),
    'mlp.fc2.bias': ('ffn.layers.1.bias', (3,)),
}
DEIT = {
    'cls_token': ('backbone.cls_token', (1, 1, 3)),
    'pos_embed': ('backbone.pos_embed', (1, 5, 3)),
    'patch_embed.proj.weight': ('backbone.patch_embed.projection.weight', (3, 3, 4, 4)),
    'patch_embed.proj.bias': ('backbone.patch_embed.projection.bias', (3,)),
    'norm.weight': ('backbone.ln1.weight', (3,)),
    'norm.bias': ('backbone.ln1.bias', (3,)),
    'head.weight': ('head.conv.weight', (7, 3, 3, 3)),
    'head.bias': ('head.conv.bias', (7,)),
}


def test_ts_cam_becomes_ours():
    arch = dict(embed_dims=3, num_layers=12, num_heads=1, feedforward_channels=5)
    vit = dict(type='mmccam.ClassAttentionViT', arch=arch, img_size=8, patch_size=4)
    head = dict(type='mmccam.TSCAMHead', num_classes=7, in_channels=3)
    model = MODELS.build(dict(type='ImageClassifier', backbone=vit, head=head))
    names = dict(DEIT)
    for i in range(12):
        for name, (target, shape) in BLOCK.items():
            names[f'blocks.{i}.{name}'] = (f'backbone.layers.{i}.{target}', shape)
    theirs = {k: weight(i, names[k][1]) for i, k in enumerate(names)}
    converted = from_other_program(theirs)
    numbered = enumerate(names.values())
    assert contents(converted) == {ours: (i, shape) for i, (ours, shape) in numbered}
    model.load_state_dict(converted)


@pytest.mark.parametrize(
    'weights',
    [
        torchvision(16),
        {**torchvision(16), 'classifier.6.bias': torch.ones(1000)},
        mmccam(16, (2,), num_classes=3),
        released(16),
        {'fc.bias': torch.ones(1)},
        {},
    ],
)
def test_weights_of_no_such_program_are_left_to_others(weights):
    assert from_other_program(weights) is None


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        (['head.bias', 'norm.bias', 'dist'], 'is of TS-CAM, but has also dist$'),
        (
            ['conv1.weight', 'AuxLogits.fc.bias', 'Mixed_7a.x', 'fc.bias'],
            'is of wsolevaluation, but has also AuxLogits.fc.bias and 1 more$',
        ),
        (
            ['features.0.bias', 'features.40.bias', 'conv6.bias', 'fc.bias', 'fc9'],
            'fc9',
        ),
    ],
)
def test_unknown_names_are_refused(names, message):
    with pytest.raises(ValueError, match=message):
        from_other_program({name: torch.ones(1) for name in names})
