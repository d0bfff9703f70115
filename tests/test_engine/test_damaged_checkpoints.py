"""Checkpoints that are not whole, and the newest one that is."""

import pickle
import re
from pathlib import Path

import pytest
import torch
from hostile import PAYLOADS
from mmengine.logging import MMLogger
from mmengine.runner.checkpoint import CheckpointLoader

from mmccam.engine import newest_checkpoint, trust_checkpoints

pytestmark = [
    pytest.mark.usefixtures('loading_folder'),
    pytest.mark.filterwarnings('ignore:Detected pickle protocol 4'),
]

load = CheckpointLoader.load_checkpoint

CHECKPOINT = {'state_dict': {'weight': torch.full((100,), 3.0)}}


def save(path, legacy=False):
    torch.save(CHECKPOINT, path, _use_new_zipfile_serialization=not legacy)
    return Path(path).read_bytes()


def flip(content, value=3.0):
    """Flip the lowest bit of the first number of the weight."""
    at = content.index(torch.tensor([value] * 2).numpy().tobytes())
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize('kept', [5, 50, 0.5, 0.9, -1])
@pytest.mark.parametrize('trusted', [False, True])
def test_truncated_file_names_the_newest_whole_one(kept, trusted):
    save('epoch_1.pth')
    save('epoch_2.pth')
    content = save('epoch_3.pth')
    kept = int(kept * len(content)) if isinstance(kept, float) else kept
    Path('epoch_3.pth').write_bytes(content[:kept])
    if trusted:
        trust_checkpoints()
    message = (
        r'^epoch_3.pth is truncated or damaged \(File is not a zip file\); the newest '
        'whole checkpoint beside it is epoch_2.pth$'
    )
    with pytest.raises(ValueError, match=message):
        load('epoch_3.pth')


def test_truncated_file_beside_no_other():
    Path('model.pth').write_bytes(save('model.pth')[:-1])
    message = r'^model.pth is truncated or damaged \(File is not a zip file\)$'
    with pytest.raises(ValueError, match=message):
        load('model.pth')


def test_flipped_bit_is_seen():
    Path('model.pth').write_bytes(flip(save('model.pth')))
    # torch does not see it.
    weight = torch.load('model.pth')['state_dict']['weight']
    assert weight[0] != 3 and (weight[1:] == 3).all()
    message = '^model.pth is damaged .the checksum of .*data/0 in it is wrong.$'
    with pytest.raises(ValueError, match=message):
        load('model.pth')


@pytest.mark.parametrize('kept', [20, 100, 0.5, -1])
def test_truncated_file_of_old_format(kept):
    content = save('model.pth', legacy=True)
    kept = int(kept * len(content)) if isinstance(kept, float) else kept
    Path('model.pth').write_bytes(content[:kept])
    with pytest.raises(ValueError, match='^model.pth is truncated or damaged'):
        load('model.pth')


def test_file_of_old_format_loads():
    save('model.pth', legacy=True)
    assert torch.equal(
        load('model.pth')['state_dict']['weight'], CHECKPOINT['state_dict']['weight']
    )


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'empty'),
        (b'<!DOCTYPE html>\n<html>', "it begins with b'<!DOCTYPE html>'"),
        (b'version https://git-lfs', "it begins with b'version https:/'"),
        (bytes(100), r"it begins with b'\\x00"),
        (
            pickle.dumps(PAYLOADS['open'], protocol=2),
            r"it begins with b'\\x80\\x02c",
        ),
        (
            pickle.dumps(PAYLOADS['open'], protocol=4),
            r"it begins with b'\\x80\\x04",
        ),
    ],
    ids=['empty', 'html', 'text', 'zeros', 'plain pickle', 'new plain pickle'],
)
def test_other_files(server, downloads, content, message):
    Path('model.pth').write_bytes(content)
    with pytest.raises(ValueError, match=f'^model.pth is .*{message}'):
        load('model.pth')
    file = re.escape(str(downloads / 'model.pth'))
    message = f'/model.pth was not downloaded whole: {file} is .*{message}.*; delete'
    with pytest.raises(ValueError, match=message):
        load(f'{server}/model.pth')
    assert not Path('trace').exists()


@pytest.mark.parametrize('damage', [flip, lambda content: content[:-100]])
def test_damaged_download_is_named_and_can_be_deleted(server, downloads, damage):
    content = save('model.pth')
    Path('model.pth').write_bytes(damage(content))
    file = downloads / 'model.pth'
    message = f'{re.escape(str(file))} is .*damaged .*; delete that file to download'
    with pytest.raises(ValueError, match=message):
        load(f'{server}/model.pth')
    file.unlink()
    Path('model.pth').write_bytes(content)
    assert load(f'{server}/model.pth')['state_dict']['weight'].tolist() == [3.0] * 100


def test_failed_download(server):
    message = rf'^{server}/no.pth cannot be loaded \(HTTPError: HTTP Error 404'
    with pytest.raises(ValueError, match=message):
        load(f'{server}/no.pth')


def test_name_that_a_zoo_lacks():
    message = r"^torchvision://vgg1 cannot be loaded \(KeyError: 'vgg1'\)$"
    with pytest.raises(ValueError, match=message):
        load('torchvision://vgg1')


@pytest.mark.parametrize('kind', ['epoch', 'iter'])
def test_newest_checkpoint(tmp_path, kind):
    for name in (f'{kind}_9', f'{kind}_10', f'best_{kind}_30', f'{kind}_30_old'):
        save(f'{name}.pth')
    save(f'{kind}_20.pth.tmp')
    assert newest_checkpoint(tmp_path) == tmp_path / f'{kind}_10.pth'


def test_newest_checkpoint_passes_over_damaged_ones(tmp_path, caplog):
    for epoch in range(1, 5):
        content = save(f'epoch_{epoch}.pth')
    Path('epoch_3.pth').write_bytes(flip(content))
    Path('epoch_4.pth').write_bytes(content[:-1])
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    assert newest_checkpoint(tmp_path) == tmp_path / 'epoch_2.pth'
    logger.removeHandler(caplog.handler)
    four, three = caplog.messages
    assert four.startswith(f'{tmp_path / "epoch_4.pth"} is passed over: it is trunc')
    assert three.startswith(f'{tmp_path / "epoch_3.pth"} is passed over: it is damaged')


def test_no_newest_checkpoint(tmp_path):
    Path('model.pth').write_bytes(b'')
    assert newest_checkpoint(tmp_path) is None


def test_a_folder_of_damaged_checkpoints_is_told(tmp_path):
    for number in (1, 2):
        (tmp_path / f'epoch_{number}.pth').write_bytes(b'')
    message = f'{tmp_path} has no whole checkpoint: epoch_2.pth is empty; to start anew'
    with pytest.raises(ValueError, match=message):
        newest_checkpoint(tmp_path)


def test_no_folder_has_no_newest_checkpoint(tmp_path):
    assert newest_checkpoint(tmp_path / 'no') is None
