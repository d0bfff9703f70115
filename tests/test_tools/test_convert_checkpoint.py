"""Files of weights through convert_checkpoint.py."""

import re

import pytest
import torch
from small_runs import Touch
from torch import nn
from torchvision.models import vgg as torchvision_vgg

from mmccam.checkpoints.loading import restrict_checkpoint_loading

TOOL = 'convert_checkpoint.py'


@pytest.fixture
def folder(tmp_path):
    """A directory, without the files of some 20 MB once a test is over."""
    yield tmp_path
    for file in tmp_path.glob('*.pth'):
        file.unlink()


@pytest.fixture
def vgg(folder):
    """A file of torchvision's VGG-11 in half precision."""
    layers = torchvision_vgg.make_layers(torchvision_vgg.cfgs['A']).half()
    torch.save(nn.ModuleDict(dict(features=layers)).state_dict(), folder / 'vgg11.pth')
    return folder / 'vgg11.pth'


def check_same(path, other):
    """Check that two files have the same tensors under the same names in one order."""
    weights, others = torch.load(path), torch.load(other)
    assert list(weights) == list(others)
    for name, value in others.items():
        assert weights[name].dtype == value.dtype
        assert torch.equal(weights[name], value)


def test_torchvision_and_back(run_here, folder, vgg):
    ours, back = folder / 'ours.pth', folder / 'back.pth'
    assert run_here(TOOL, vgg, ours)[0] == 0
    code, out, _ = run_here(TOOL, ours, back, '--to', 'torchvision')

    assert (code, out) == (0, f'{back}\n')
    check_same(back, vgg)


def test_released_weights_and_back(run_here, folder, shared):
    released = shared / 'golden/released_nlccam_tiny20_fp16.pth'
    ours, back = folder / 'ours.pth', folder / 'back.pth'
    data = ('--data-root', shared / 'data/tiny20')
    assert run_here(TOOL, released, ours, *data)[0] == 0
    assert run_here(TOOL, ours, back, '--to', 'released')[0] == 0

    classes = torch.load(ours)['meta']['dataset_meta']['classes']
    assert len(classes) == 20 and 'goose' in classes
    check_same(back, released)

    ours.unlink()
    (folder / 'classes.txt').write_text('cat\ndog\n')
    code, _, errors = run_here(TOOL, released, ours, '--data-root', folder)
    assert code == 2
    assert re.search('classes.txt names 2 classes, but the head in .* has 20$', errors)
    assert not ours.exists()


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (None, 'there is no checkpoint {}'),
        ([1], '{} holds no weights but a list'),
        ({'fc.bias': torch.ones(1)}, '{} is not converted: it is no VGG of .* fc.bias'),
    ],
)
def test_other_files_are_refused(run_here, folder, content, message):
    path, target = folder / 'source.pth', folder / 'target.pth'
    if content is not None:
        torch.save(content, path)
    code, _, errors = run_here(TOOL, path, target)

    assert code == 2
    assert re.fullmatch(f'{TOOL}: {message.format(path)}', errors.splitlines()[-1])
    assert not target.exists()


def test_the_source_is_not_overwritten(run_here, vgg, monkeypatch):
    before = vgg.read_bytes()
    monkeypatch.chdir(vgg.parent)
    code, _, errors = run_here(TOOL, vgg, vgg.name)

    assert code == 2
    assert 'vgg11.pth is the source and would be overwritten' in errors
    assert vgg.read_bytes() == before


@pytest.fixture
def restricted_after():
    yield
    restrict_checkpoint_loading()


def test_code_in_a_checkpoint_runs_only_if_it_is_trusted(
    run_here, folder, vgg, restricted_after
):
    path, marker = folder / 'hostile.pth', folder / 'marker'
    torch.save(dict(state_dict=torch.load(vgg), note=Touch(marker)), path)
    code, _, errors = run_here(TOOL, path, folder / 'ours.pth')

    assert code == 2
    assert re.search(f'{path} is refused, .* --trust-checkpoint', errors)
    assert not marker.exists()
    assert run_here(TOOL, path, folder / 'ours.pth', '--trust-checkpoint')[0] == 0
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
