"""Networks with ADL, equal to those of Choe et al. in float64."""

import pytest
import torch
from golden_methods import (
    assert_equal,
    build,
    cam_network,
    check_training,
    class_maps,
    inputs,
    load,
    train,
)

pytestmark = pytest.mark.slow
LAYERS = dict(
    vgg16=('features.9', 'features.12', 'features.16'),
    resnet50=('layer3.0', 'layer4.0', 'layer4.2'),
    inception_v3=('Mixed_5d', 'Mixed_6e'),
)
NETWORKS = [(name, size) for name in LAYERS for size in ('small', 'large')]
# The draws of these seeds make each layer drop in some runs, and weight in others.
RUNS = [(network, seed) for network in NETWORKS for seed in (0, 5, 49)]
RUNS = [run for run in RUNS if 'small' in run[0] or 5 in run]
# There ADL is a block of a stage, the second, so that those behind it count one more.
BLOCKS = [(rf'layer([34])\.{n + 1}\.', rf'backbone.layer\1.{n}.') for n in range(1, 6)]


@pytest.fixture(scope='module')
def network(request):
    architecture, size = request.param
    golden = load(f'{architecture}_adl', size)
    adl = dict(layers=LAYERS[architecture], drop_rate=0.75, threshold=0.9)
    cfg, rules = cam_network(architecture, size, golden['names'], adl=adl)
    if architecture == 'inception_v3':
        cfg['neck'].update(dropout=0, adl=dict(adl, layers=['conv2']))
    if architecture == 'resnet50':
        rules = (*BLOCKS, *rules)
    model = build(cfg, golden['names'], rules)
    statistics = {name: buffer.clone() for name, buffer in model.named_buffers()}
    return model, statistics, golden, rules


@pytest.mark.parametrize('network', NETWORKS, ids='-'.join, indirect=True)
def test_nothing_acts_in_evaluation(network):
    model, _, golden, _ = network
    feats = model.eval().extract_feat(inputs())
    assert_equal(model.head(feats), golden['eval.logits'])
    maps, expected = class_maps(model, feats), golden['eval.class_maps']
    if model.with_neck:  # the reference adds the bias
        maps, channels = maps + model.head.fc.bias[:, None, None], 1
    else:  # and divides by the number of channels
        channels = feats[-1].shape[1]
    assert_equal(maps / channels, expected)


@pytest.mark.parametrize(('network', 'seed'), RUNS, indirect=['network'])
def test_a_training_step_is_that_of_the_reference(network, seed):
    model, statistics, golden, rules = network
    for name, buffer in model.named_buffers():  # of the step before
        buffer.copy_(statistics[name])
    run = f'train_seed{seed}'
    torch.manual_seed(seed)
    assert_equal(sum(train(model).values()), golden[f'{run}.loss'])
    check_training(model, golden, run, rules)
