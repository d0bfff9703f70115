"""Checkpoints that are incomplete, and the newest one that is not."""

import pickle
import re
from pathlib import Path

import pytest
import torch
from hostile import PAYLOADS, rewrite_pickle
from mmengine.logging import MMLogger
from mmengine.runner.checkpoint import CheckpointLoader

from mmccam import trust_checkpoints
from mmccam.checkpoints.loading import newest_checkpoint

pytestmark = [
    pytest.mark.usefixtures('loading_folder'),
    pytest.mark.filterwarnings('ignore:Detected pickle protocol 4'),
]

load = CheckpointLoader.load_checkpoint


def save(path, legacy=False):
    checkpoint = {'state_dict': {'weight': torch.full((100,), 3.0)}}
    torch.save(checkpoint, path, _use_new_zipfile_serialization=not legacy)
    return Path(path).read_bytes()


def cut(path, kept, **kwargs):
    """Save a checkpoint and keep the first bytes, or this share of them."""
    content = save(path, **kwargs)
    kept = int(kept * len(content)) if isinstance(kept, float) else kept
    Path(path).write_bytes(content[:kept])


def flip(path):
    """Save a checkpoint and flip the lowest bit of the first number of the weight."""
    content = save(path)
    at = content.index(torch.tensor([3.0] * 2).numpy().tobytes())
    content = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    Path(path).write_bytes(content)


@pytest.mark.parametrize(
    ('kept', 'trusted'), [(5, False), (0.5, False), (0.9, True), (-1, False)]
)
def test_truncated_file_names_the_newest_complete_one(kept, trusted):
    if trusted:
        trust_checkpoints()
    message = r'^epoch_3.pth is truncated or damaged \(File is not a zip file\)'
    cut('epoch_3.pth', kept)
    with pytest.raises(ValueError, match=f'{message}$'):
        load('epoch_3.pth')
    save('epoch_1.pth')
    save('epoch_2.pth')
    advice = '; the newest complete checkpoint beside it is epoch_2.pth'
    with pytest.raises(ValueError, match=f'{message}{advice}$'):
        load('epoch_3.pth')


def test_flipped_bit_is_seen():
    flip('model.pth')
    # torch does not see it.
    weight = torch.load('model.pth')['state_dict']['weight']
    assert weight[0] != 3 and (weight[1:] == 3).all()
    message = '^model.pth is damaged .the checksum of .*data/0 in it is wrong.$'
    with pytest.raises(ValueError, match=message):
        load('model.pth')


def test_file_of_old_format():
    save('model.pth', legacy=True)
    assert load('model.pth')['state_dict']['weight'].tolist() == [3.0] * 100
    for kept in (20, 100, 0.5, -1):
        cut('model.pth', kept, legacy=True)
        with pytest.raises(ValueError, match='^model.pth is truncated or damaged'):
            load('model.pth')


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'empty'),
        (b'<!DOCTYPE html>\n<html>', "it begins with b'<!DOCTYPE html>'"),
        (bytes(100), r"it begins with b'\\x00"),
        (pickle.dumps(PAYLOADS['open'], protocol=2), r"it begins with b'\\x80\\x02c"),
    ],
    ids=['empty', 'html', 'zeros', 'plain pickle'],
)
def test_other_files(content, message):
    Path('model.pth').write_bytes(content)
    with pytest.raises(ValueError, match=f'^model.pth is .*{message}'):
        load('model.pth')
    assert not Path('trace').exists()


HUGE = b'\x8a\x06' + (10**13).to_bytes(6, 'little')


@pytest.mark.parametrize(
    ('legacy', 'after'),
    [(False, b't'), (False, b'\x85'), (True, b'N')],
    ids=['storage', 'shape', 'storage of old format'],
)
def test_a_layer_of_40_terabytes(each_torch, legacy, after):
    content = save('model.pth', legacy)
    if legacy:
        Path('model.pth').write_bytes(content.replace(b'Kd' + after, HUGE + after))
    else:
        rewrite_pickle(
            'model.pth', lambda old: old.replace(b'Kd' + after, HUGE + after)
        )
    with pytest.raises(ValueError, match='^model.pth cannot be loaded .RuntimeError: '):
        load('model.pth')


META = dict(epoch=1, iter=8)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (dict(meta=3), 'no dict as meta but a int'),
        (dict(meta=[META]), 'no dict as meta but a list'),
        (
            dict(meta=dict(iter=8), message_hub={}),
            'no number as epoch in its meta but N',
        ),
        (
            dict(meta=dict(META, iter='8'), message_hub={}),
            "no number as iter .* but '8'",
        ),
        (
            dict(meta=dict(META, epoch=-1), message_hub={}),
            'no number as epoch .* but -1',
        ),
    ],
    ids=str,
)
def test_meta_that_no_run_writes(content, message):
    torch.save(content, 'model.pth')
    with pytest.raises(ValueError, match=f'^model.pth has {message}'):
        load('model.pth')


def test_damaged_download_is_named_and_can_be_deleted(server, downloads):
    cut('model.pth', 0.9)
    file = downloads / 'model.pth'
    message = (
        f'^{server}/model.pth was not downloaded completely: {re.escape(str(file))} '
        'is .*damaged.*; delete that file to download it again$'
    )
    with pytest.raises(ValueError, match=message):
        load(f'{server}/model.pth')
    file.unlink()
    save('model.pth')
    assert load(f'{server}/model.pth')['state_dict']['weight'].tolist() == [3.0] * 100


@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('{server}/no.pth', r'\(HTTPError: HTTP Error 404'),
        ('torchvision://vgg1', r"\(KeyError: 'vgg1'\)$"),
    ],
)
def test_what_is_not_there(server, name, reason):
    name = name.format(server=server)
    with pytest.raises(ValueError, match=f'^{name} cannot be loaded {reason}'):
        load(name)


@pytest.mark.parametrize('kind', ['epoch', 'iter'])
def test_newest_checkpoint_passes_over_damaged_ones(tmp_path, caplog, kind):
    for name in (f'{kind}_9', f'{kind}_10', f'best_{kind}_30', f'{kind}_30_old'):
        save(f'{name}.pth')
    save(f'{kind}_20.pth.tmp')
    flip(f'{kind}_11.pth')
    cut(f'{kind}_12.pth', -1)
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    assert newest_checkpoint(tmp_path) == tmp_path / f'{kind}_10.pth'
    logger.removeHandler(caplog.handler)
    first, second = caplog.messages
    assert first.startswith(f'{tmp_path}/{kind}_12.pth is passed over: it is trunc')
    assert second.startswith(f'{tmp_path}/{kind}_11.pth is passed over: it is damaged')


def test_no_newest_checkpoint(tmp_path):
    Path('model.pth').write_bytes(b'')
    assert newest_checkpoint(tmp_path) is None
    assert newest_checkpoint(tmp_path / 'no') is None
    for number in (1, 2):
        (tmp_path / f'epoch_{number}.pth').write_bytes(b'')
    message = f'{tmp_path} has no complete checkpoint: epoch_2.pth is empty; to start'
    with pytest.raises(ValueError, match=message):
        newest_checkpoint(tmp_path)
