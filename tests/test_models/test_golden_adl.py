"""Networks with ADL, equal to those of Choe et al. in float64."""

import golden_methods as reference
import pytest
import torch

pytestmark = pytest.mark.slow
LAYERS = dict(
    vgg16=('features.9', 'features.12', 'features.16'),
    resnet50=('layer3.0', 'layer4.0', 'layer4.2'),
    inception_v3=('Mixed_5d', 'Mixed_6e'),
)
NETWORKS = [(name, size) for name in LAYERS for size in ('small', 'large')]
# Their draws make each layer drop in some runs, and weight in others.
SEEDS = dict(small=(0, 5, 49), large=(5,))
# There ADL is a block of a stage, the second, so that those behind it count one more.
BLOCKS = [(rf'layer([34])\.{n + 1}\.', rf'backbone.layer\1.{n}.') for n in range(1, 6)]


@pytest.fixture(scope='module', params=NETWORKS, ids='-'.join)
def network(request):
    architecture, size = request.param
    values = reference.load(f'{architecture}_adl', size)
    names = values['names']
    adl = dict(layers=LAYERS[architecture], drop_rate=0.75, threshold=0.9)
    cfg, rules = reference.cam_network(architecture, size, names, adl=adl)
    if architecture == 'inception_v3':
        cfg['neck'].update(dropout=0, adl=dict(adl, layers=['conv2']))
    if architecture == 'resnet50':
        rules = (*BLOCKS, *rules)
    return reference.build(cfg, names, rules), values, rules, SEEDS[size]


def test_nothing_acts_in_evaluation(network):
    model, values, *_ = network
    feats = model.eval().extract_feat(reference.inputs())
    reference.assert_equal(model.head(feats), values['eval.logits'])
    maps = reference.class_maps(model, feats)
    if model.with_neck:  # the reference adds the bias
        maps = maps + model.head.fc.bias[:, None, None]
    else:  # and divides by the number of channels
        maps = maps / feats[-1].shape[1]
    reference.assert_equal(maps, values['eval.class_maps'])


def test_training_steps_are_those_of_the_reference(network):
    model, values, rules, seeds = network
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    for seed in seeds:
        for buffer, before in buffers:
            buffer.copy_(before)
        torch.manual_seed(seed)
        loss, run = sum(reference.train(model).values()), f'train_seed{seed}'
        reference.assert_equal(loss, values[f'{run}.loss'])
        reference.check_training(model, values, run, rules)
