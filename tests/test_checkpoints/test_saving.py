import fcntl
import multiprocessing
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from mmengine.fileio import get_file_backend

from mmccam.whole_files import check_writable, one_writer

FORK = multiprocessing.get_context('fork')


@pytest.fixture
def backend():
    return get_file_backend(backend_args=dict(backend='mmccam.whole_files'))


def test_a_text_is_written_into_a_new_folder(backend, tmp_path):
    backend.put_text('é', str(tmp_path / 'run/results.md'))
    assert (tmp_path / 'run/results.md').read_bytes() == b'\xc3\xa9'


def test_a_file_is_never_seen_incomplete(backend, tmp_path, monkeypatch):
    path = tmp_path / 'epoch_1.pth'
    path.write_bytes(b'old')
    seen = []
    monkeypatch.setattr(os, 'fsync', lambda _: seen.append(path.read_bytes()))
    backend.put(b'new', path)
    # Once before the file is in its place, once with the folder.
    assert seen == [b'old', b'new']


def test_a_full_disk_leaves_the_old_file(backend, tmp_path, full_disk):
    path = tmp_path / 'epoch_1.pth'
    path.write_bytes(b'old')
    full_disk(path.name)
    with pytest.raises(OSError, match='cannot write .*epoch_1.pth, .* No space left'):
        backend.put(b'new', path)
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['epoch_1.pth']


def test_two_writers_of_a_file_leave_one_of_their_contents(backend, tmp_path):
    path = tmp_path / 'epoch_1.pth'
    contents = [bytes([number]) * 100_000 for number in range(2)]
    with ThreadPoolExecutor() as threads:
        writes = [threads.submit(backend.put, contents[n % 2], path) for n in range(40)]
        while not all(write.done() for write in writes):
            assert not path.exists() or path.read_bytes() in contents
    assert [write.exception() for write in writes] == 40 * [None]
    assert os.listdir(tmp_path) == ['epoch_1.pth']


def test_the_longest_name_of_a_file_can_be_written(backend, tmp_path):
    backend.put(b'weights', tmp_path / ('e' * 255))


@pytest.mark.parametrize(
    ('name', 'message'),
    [('folder', 'cannot write .*folder: it is a folder'), ('file/a.json', 'file')],
)
def test_where_no_file_can_be_written(tmp_path, name, message):
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match=message):
        check_writable(tmp_path / name)


def test_a_place_that_is_checked_stays_as_it_is(tmp_path):
    (tmp_path / 'a.json').write_text('former')
    for name in ('a.json', 'new/b.json'):
        check_writable(tmp_path / name)
    assert (tmp_path / 'a.json').read_text() == 'former'
    assert sorted(path.name for path in tmp_path.rglob('*')) == ['a.json', 'new']


def test_a_folder_has_one_writer_at_a_time(tmp_path):
    with one_writer(tmp_path):
        with pytest.raises(BlockingIOError, match=f'another .* writes to {tmp_path}: '):
            one_writer(tmp_path).__enter__()
    with one_writer(tmp_path):
        pass
    assert not any(tmp_path.iterdir())


def test_a_lock_that_another_writer_removes_meanwhile_is_made_again(
    tmp_path, monkeypatch
):
    paths = [tmp_path / '.lock']

    def lock(file, how, flock=fcntl.flock):
        while paths:
            paths.pop().unlink()
        flock(file, how)

    monkeypatch.setattr(fcntl, 'flock', lock)
    with one_writer(tmp_path):
        assert (tmp_path / '.lock').exists()


def _write_until_killed(folder, pipe):
    with one_writer(folder):
        child = FORK.Process(target=time.sleep, args=(60,))
        child.start()
        pipe.send(child.pid)
        child.join()


def test_a_process_that_is_killed_leaves_no_lock(tmp_path):
    here, there = FORK.Pipe()
    process = FORK.Process(target=_write_until_killed, args=(tmp_path, there))
    process.start()
    child = here.recv()
    try:
        with pytest.raises(BlockingIOError):
            one_writer(tmp_path).__enter__()
        process.kill()
        process.join()
        with one_writer(tmp_path):  # though its child lives
            os.kill(child, 0)
    finally:
        os.kill(child, signal.SIGKILL)
