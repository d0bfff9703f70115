import pytest
import torch
from mmpretrain.registry import MODELS
from torch.nn.functional import avg_pool2d, conv2d

from mmccam.models import GAPClsHead

FEATS = (torch.randn(2, 3, 8, 8), torch.randn(2, 4, 5, 6))


def build(**kwargs):
    kwargs = dict(in_channels=4, channels=(6, 8), **kwargs)
    return MODELS.build(dict(type='mmccam.ConvNeck', **kwargs)).eval()


def test_the_output_of_all_convolutions_follows_the_maps_of_the_backbone():
    neck = build()
    *feats, found = neck(FEATS)
    assert all(x is y for x, y in zip(feats, FEATS))
    x = FEATS[-1]
    for conv in (neck.conv1.conv, neck.conv2.conv):
        x = conv2d(x, conv.weight, conv.bias, padding=1).relu()
    torch.testing.assert_close(found, x)


def test_the_convolutions_read_the_map_in_front_of_the_last():
    neck = build(pool=True)
    feats = neck(FEATS)
    assert len(feats) == len(FEATS) + 2
    # At a border a mean has zeros in it, too.
    torch.testing.assert_close(feats[-2], avg_pool2d(FEATS[-1], 3, 1, 1))
    torch.testing.assert_close(feats[-1], neck.conv2(neck.conv1(feats[-2])))


def test_groups_of_channels_are_apart():
    neck = build(groups=2)
    other = FEATS[-1].clone()
    other[:, 2:] = 0
    found, expected = neck((other,))[-1], neck(FEATS)[-1]
    torch.testing.assert_close(found[:, :4], expected[:, :4])
    assert not torch.equal(found[:, 4:], expected[:, 4:])


def test_dropout_is_of_training_and_has_no_place_in_the_names():
    neck, plain = build(dropout=0.5), build()
    assert neck.state_dict().keys() == plain.state_dict().keys()
    plain.load_state_dict(neck.state_dict())
    torch.testing.assert_close(neck(FEATS)[-1], plain(FEATS)[-1])
    ones = torch.ones(1, 4, 50, 50)
    found = []
    for layer in ('dropout1', 'dropout2', 'dropout'):
        kept = getattr(neck.train(), layer)(ones)
        found += [kept.unique().tolist(), 0.45 < (kept == 0).float().mean() < 0.55]
    assert found == [[0, 2], True] * 3


def test_layers_have_names():
    feats = build(out_layers=('conv1',), pool=True)(FEATS)
    assert [x.shape[1] for x in feats] == [3, 4, 4, 6, 8]


@pytest.mark.parametrize('name', ['ConvNeck', 'GAPClsHead'])
def test_another_number_of_channels_is_refused(name):
    part = build() if name == 'ConvNeck' else GAPClsHead(5, 4)
    message = f'{name} has in_channels=4, but the map that it gets has 3 channels'
    with pytest.raises(ValueError, match=message):
        part(FEATS[:1])
