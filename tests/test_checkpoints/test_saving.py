import os
from pathlib import Path

import pytest
from mmengine.fileio import get_file_backend


@pytest.fixture
def backend():
    return get_file_backend(backend_args=dict(backend='mmccam.whole_files'))


def test_a_text_is_written_into_a_new_folder(backend, tmp_path):
    backend.put_text('é', str(tmp_path / 'run/results.md'))
    assert (tmp_path / 'run/results.md').read_bytes() == b'\xc3\xa9'


def test_what_a_killed_process_left_is_replaced(backend, tmp_path):
    (tmp_path / 'epoch_1.pth.tmp').write_bytes(b'a part of much longer weights')
    backend.put(b'weights', tmp_path / 'epoch_1.pth')
    assert (tmp_path / 'epoch_1.pth').read_bytes() == b'weights'
    assert os.listdir(tmp_path) == ['epoch_1.pth']


def test_a_file_is_never_seen_incomplete(backend, tmp_path, monkeypatch):
    path = tmp_path / 'epoch_1.pth'
    path.write_bytes(b'old')
    seen = []
    monkeypatch.setattr(os, 'fsync', lambda _: seen.append(path.read_bytes()))
    backend.put(b'new', path)
    # Once before the file is in its place, once with the folder.
    assert seen == [b'old', b'new']


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='there is no /dev/full')
def test_a_full_disk_leaves_the_old_file(backend, tmp_path):
    path = tmp_path / 'epoch_1.pth'
    path.write_bytes(b'old')
    (tmp_path / 'epoch_1.pth.tmp').symlink_to('/dev/full')
    with pytest.raises(OSError, match='cannot write .*epoch_1.pth, .* No space left'):
        backend.put(b'new', path)
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['epoch_1.pth']
