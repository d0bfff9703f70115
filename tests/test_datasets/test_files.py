import json
import os
import socket

import pytest

from mmccam import pixels
from mmccam.datasets.files import (
    NUMBER,
    Files,
    image_size,
    read_json,
    read_lines,
    read_mask,
    read_mat,
    read_xml,
)
from mmccam.datasets.transforms import read_rgb

READERS = {
    'lines': lambda path: list(read_lines(path)),
    'json': read_json,
    'mat': lambda path: read_mat(path, ['name']),
    'xml': read_xml,
    'mask': lambda path: read_mask(path, 'a.jpg', (4, 4)),
    'size': image_size,
    'image': read_rgb,
}


@pytest.mark.parametrize('name', READERS)
def test_a_pipe_is_not_waited_for(tmp_path, name):
    path = str(tmp_path / 'pipe')
    os.mkfifo(path)
    with pytest.raises(ValueError, match=f'{path} is no regular file'):
        READERS[name](path)


@pytest.mark.parametrize('name', READERS)
def test_a_missing_file_is_named(tmp_path, name):
    path = str(tmp_path / 'none')
    with pytest.raises((FileNotFoundError, ValueError), match=f'no file {path}'):
        READERS[name](path)


def test_a_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(pixels, 'TIMEOUT', 0.1)
    with socket.create_server(('127.0.0.1', 0)) as server:
        address = f'http://127.0.0.1:{server.getsockname()[1]}/a.jpg'
        with pytest.raises(ValueError, match=f'the image {address}: timed out'):
            read_rgb(address)


def test_a_path_written_in_two_ways_is_the_same(tmp_path):
    (tmp_path / '0.png').write_bytes(b'')
    files = Files(tmp_path)
    files.find_once('0.png', 'line 1')
    with pytest.raises(ValueError, match='line 2: 0.png is listed twice, first in'):
        files.find_once('.//0.png', 'line 2')


FORM = dict(name=str, rules={str: [dict(threshold=NUMBER)]}, rest=object)
GOOD = dict(name='a', rules=dict(cam=[dict(threshold=1), dict(threshold=0.5)]), rest=0)


def test_json_of_its_form(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(GOOD))
    assert read_json(path, FORM) == GOOD


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ([], r' must be an object, got \[\]'),
        (dict(GOOD, name=1), ', "name" must be a text, got 1'),
        (dict(name='a', rules={}), ' has no "rest"'),
        (dict(GOOD, rules=dict(cam={})), ', "rules", "cam" must be a list, got {}'),
        (
            dict(GOOD, rules=dict(cam=[dict(threshold=None)])),
            ', "rules", "cam", entry 0, "threshold" must be a number, got None',
        ),
    ],
)
def test_json_of_another_form(tmp_path, change, message):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(change))
    with pytest.raises(ValueError, match=f'{path}{message}'):
        read_json(path, FORM)


@pytest.mark.parametrize('text', ['', '{', '[' * 100_000, '1' * 5000, '\xff'])
def test_what_is_no_json(tmp_path, text):
    path = tmp_path / 'a.json'
    path.write_bytes(text.encode('latin-1'))
    with pytest.raises(ValueError, match=f'{path} is no readable JSON: '):
        read_json(path)
