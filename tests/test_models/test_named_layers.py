import pickle
from copy import deepcopy
from functools import partial

import mmpretrain.models
import pytest
import torch
from torch.nn.functional import dropout

from mmccam.models import NamedLayers, NonLocalVGG


class ResNet(NamedLayers, mmpretrain.models.ResNet):
    """What a user writes."""


def resnet(**kwargs):
    return ResNet(18, base_channels=8, stem_channels=8, **kwargs).eval()


def negative(x, training):
    return -x


def test_outputs_come_in_the_given_order_before_those_of_the_network(images):
    model = resnet(out_layers=('layer3.0', 'layer1'))
    outputs = model(images)
    assert [tuple(x.shape[1:]) for x in outputs] == [(32, 2, 3), (8, 8, 12), (64, 1, 2)]
    x = model.layer1(model.maxpool(model.relu(model.bn1(model.conv1(images)))))
    torch.testing.assert_close(outputs[1], x, rtol=0, atol=0)
    x = model.layer3[0](model.layer2(x))
    torch.testing.assert_close(outputs[0], x, rtol=0, atol=0)


def test_an_output_is_what_the_layer_gave_before_others_changed_it(images):
    model = resnet(out_layers=('bn1',))
    expected = model.bn1(model.conv1(images))
    assert expected.min() < 0  # the activation behind it works in place
    torch.testing.assert_close(model(images)[0], expected, rtol=0, atol=0)


def test_a_function_acts_behind_a_layer_and_before_its_output_is_kept(images):
    model = resnet(out_layers=('layer4',))
    expected, _ = model(images)
    model.behind = {'layer4': negative}
    for output in model(images):
        torch.testing.assert_close(output, -expected, rtol=0, atol=0)


def test_a_function_knows_whether_the_network_trains(images):
    model = resnet()
    expected = model(images)
    model.behind = {'layer4': partial(dropout, p=1)}
    torch.testing.assert_close(model(images), expected, rtol=0, atol=0)
    model.train()
    assert model(images)[0].abs().max() == 0


def test_the_network_stays_the_plain_one(images):
    plain = mmpretrain.models.ResNet(18, base_channels=8, stem_channels=8)
    model = resnet(out_layers=('layer3.0',))
    assert model.state_dict().keys() == plain.state_dict().keys()
    model(images)
    with pytest.raises(RuntimeError):  # nor does a hook stay after an error
        model(images[:, :2])
    assert not any(layer._forward_hooks for layer in model.modules())


def test_a_copy_does_not_refer_to_the_original(images):
    model = resnet(out_layers=('layer3.0',))
    model.behind = {'layer4': negative}
    expected = model(images)
    copies = deepcopy(model), pickle.loads(pickle.dumps(model))
    for parameter in model.parameters():
        parameter.data.zero_()
    for copied in copies:
        torch.testing.assert_close(copied(images), expected, rtol=0, atol=0)


def test_gradients_pass_through_outputs_and_functions(images):
    model = resnet(out_layers=('layer1',))
    model.behind = {'layer2': negative}
    first, last = model(images)
    last.sum().backward(retain_graph=True)
    before = model.conv1.weight.grad.clone()
    first.sum().backward()
    assert not torch.equal(model.conv1.weight.grad, before)


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('layer9', 'ResNet has no layer "layer9"; its parts are conv1, bn1, relu'),
        ('', 'ResNet has no layer ""'),
    ],
)
def test_an_unknown_name_is_refused(images, name, message):
    with pytest.raises(ValueError, match=message):
        resnet(out_layers=(name,))
    model = resnet()
    model.behind = {name: negative}
    with pytest.raises(ValueError, match=message):
        model(images)


def test_a_layer_that_is_not_called_is_refused(images):
    model = NonLocalVGG(11, num_stages=1, non_local_stages=(), out_layers=('features',))
    with pytest.raises(ValueError, match='does not call its layer "features": name'):
        model(images)


@pytest.mark.filterwarnings('ignore:torch.utils.checkpoint. the use_reentrant')
def test_layers_that_are_computed_again_are_refused_in_training(images):
    model = resnet(out_layers=('layer1',), with_cp=True)
    assert len(model(images)) == 2
    model.train()
    with pytest.raises(ValueError, match='need with_cp=False'):
        model(images)


def test_layers_of_the_vgg_have_names(images):
    names = ('features.0', 'non_local_blocks.2', 'extra_conv')
    model = NonLocalVGG(11, (2,), num_stages=2, extra_conv=8, out_layers=names)
    first, block, extra, last = model.eval()(images)
    torch.testing.assert_close(first, model.features[0](images), rtol=0, atol=0)
    torch.testing.assert_close(block, model.features[1:](first), rtol=0, atol=0)
    torch.testing.assert_close(extra, last, rtol=0, atol=0)
