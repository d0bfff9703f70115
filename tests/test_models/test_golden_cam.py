"""The networks of Choe et al. for CAM, equal to the reference in float64."""

import pytest
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
NETWORKS = [
    (architecture, size)
    for architecture in ('vgg16', 'resnet50', 'inception_v3')
    for size in ('small', 'large')
]


@pytest.fixture(scope='module', params=NETWORKS, ids='-'.join)
def network(request):
    architecture, size = request.param
    golden = load(f'{architecture}_cam', size)
    cfg, rules = cam_network(architecture, size, golden['names'])
    return build(cfg, golden['names'], rules), golden, rules


def test_logits_and_maps_are_those_of_the_reference(network):
    model, golden, _ = network
    feats = model.eval().extract_feat(inputs())
    assert_equal(model.head(feats), golden['eval.logits'])
    maps, expected = class_maps(model, feats), golden['eval.class_maps']
    if model.with_neck:  # the reference adds the bias
        assert_equal(maps + model.head.fc.bias[:, None, None], expected)
    else:  # and divides by the number of channels
        assert_equal(maps / len(feats[-1][0]), expected)


def test_a_training_step_is_that_of_the_reference(network):
    model, golden, rules = network
    assert_equal(sum(train(model).values()), golden['train.loss'])
    check_training(model, golden, 'train', rules)
