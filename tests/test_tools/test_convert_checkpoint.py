"""Files of weights through convert_checkpoint.py."""

import re

import pytest
import torch
from small_runs import Touch
from torch import nn
from torchvision.models import vgg as torchvision_vgg

TOOL = 'convert_checkpoint.py'


@pytest.fixture
def vgg(tmp_path):
    """A file of torchvision's VGG-11 in half precision."""
    with torch.device('meta'):
        layers = torchvision_vgg.make_layers(torchvision_vgg.cfgs['A']).half()
    features = nn.ModuleDict(dict(features=layers)).to_empty(device='cpu')
    weights = features.state_dict()
    for number, value in enumerate(weights.values()):
        value.fill_(number)
    torch.save(weights, tmp_path / 'vgg11.pth')
    return tmp_path / 'vgg11.pth'


@pytest.fixture
def released(shared):
    return shared / 'golden/released_nlccam_tiny20_fp16.pth'


@pytest.mark.parametrize('kind', ['torchvision', 'released'])
def test_there_and_back(run_here, tmp_path, request, kind):
    source = request.getfixturevalue('vgg' if kind == 'torchvision' else 'released')
    ours, back = tmp_path / 'ours.pth', tmp_path / 'back.pth'
    assert run_here(TOOL, source, ours)[0] == 0
    code, out, _ = run_here(TOOL, ours, back, '--to', kind)
    assert (code, out) == (0, f'{back}\n')

    weights, others = torch.load(back), torch.load(source)
    assert list(weights) == list(others)
    for name, value in others.items():
        assert weights[name].dtype == value.dtype
        assert torch.equal(weights[name], value)


def test_names_of_classes_are_stored(run_here, tmp_path, shared, released):
    data = shared / 'data/tiny20'
    assert run_here(TOOL, released, tmp_path / 'a.pth', '--data-root', data)[0] == 0
    classes = torch.load(tmp_path / 'a.pth')['meta']['dataset_meta']['classes']
    assert len(classes) == 20 and 'goose' in classes

    (tmp_path / 'classes.txt').write_text('cat\ndog\n')
    arguments = (released, tmp_path / 'b.pth', '--data-root', tmp_path)
    code, _, errors = run_here(TOOL, *arguments)
    assert code == 2
    assert re.search('classes.txt names 2 classes, but the head in .* has 20$', errors)
    assert not (tmp_path / 'b.pth').exists()


def test_a_network_of_another_program_becomes_ours(run_here, tmp_path):
    (tmp_path / 'classes.txt').write_text('cat\ndog\n')
    shapes = {'cls_token': (1, 1, 4), 'head.weight': (2, 4, 3, 3), 'head.bias': (2,)}
    weights = {f'module.{k}': torch.ones(shape).half() for k, shape in shapes.items()}
    torch.save(dict(epoch=3, state_dict=weights), tmp_path / 'ts_cam.pth')

    arguments = (
        tmp_path / 'ts_cam.pth',
        tmp_path / 'ours.pth',
        '--data-root',
        tmp_path,
    )
    assert run_here(TOOL, *arguments)[0] == 0
    converted = torch.load(tmp_path / 'ours.pth')
    assert converted['meta']['dataset_meta'] == dict(classes=('cat', 'dog'))
    found = {k: (v.shape, v.dtype) for k, v in converted['state_dict'].items()}
    names = ('backbone.cls_token', 'head.conv.weight', 'head.conv.bias')
    expected = [(shape, torch.float16) for shape in shapes.values()]
    assert found == dict(zip(names, expected))


def test_a_file_that_is_no_vgg_is_refused(run_here, tmp_path):
    path, target = tmp_path / 'source.pth', tmp_path / 'target.pth'
    torch.save({'fc.bias': torch.ones(1)}, path)
    code, _, errors = run_here(TOOL, path, target)
    assert code == 2
    assert re.search(f'{path} is not converted: it is no VGG of .* fc.bias', errors)
    assert not target.exists()


def test_the_source_is_not_overwritten(run_here, tmp_path, monkeypatch):
    (tmp_path / 'vgg11.pth').write_bytes(b'former')
    monkeypatch.chdir(tmp_path)
    code, _, errors = run_here(TOOL, tmp_path / 'vgg11.pth', 'vgg11.pth')
    assert code == 2
    assert 'vgg11.pth is the source and would be overwritten' in errors
    assert (tmp_path / 'vgg11.pth').read_bytes() == b'former'


def test_code_in_a_checkpoint_runs_only_if_it_is_trusted(run_here, tmp_path, vgg):
    path, marker = tmp_path / 'hostile.pth', tmp_path / 'marker'
    torch.save(dict(state_dict=torch.load(vgg), note=Touch(marker)), path)
    assert run_here(TOOL, path, tmp_path / 'ours.pth')[0] == 2
    assert not marker.exists()
    assert run_here(TOOL, path, tmp_path / 'ours.pth', '--trust-checkpoint')[0] == 0
    assert marker.exists()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--convolutions-only'], '--convolutions-only is for --to torchvision'),
        (['--to', 'released', '--data-root', '.'], '--data-root is for --to mmccam'),
    ],
)
def test_options_that_do_not_fit_are_refused(run_here, options, message):
    code, _, errors = run_here(TOOL, 'source.pth', 'target.pth', *options)
    assert code == 2
    assert message in errors
