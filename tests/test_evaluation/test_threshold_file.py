import copy
import json

import pytest
from mmengine.config import Config
from mmengine.dataset import BaseDataset

from mmccam.evaluation.thresholds import (
    apply_thresholds,
    read_thresholds,
    shared_images,
    threshold_file,
)

FOUND = dict(
    provenance=dict(
        # sha256 of the three bytes 'abc', from FIPS 180-2, appendix B.1.
        checkpoint_sha256='ba7816bf8f01cfea414140de5dae2223'
        'b00361a396177a9cb410ff61f20015ad',
        checkpoint='trained/epoch_3.pth',
    ),
    thresholds=dict(
        ccam=[
            dict(box_rule='nlccam_released', threshold=0.14, gt_known_loc=74.5),
            dict(box_rule='cam', threshold=0.19, gt_known_loc=73.5),
        ]
    ),
    maps=dict(pipeline=[dict(scale=112)], cams=dict(ccam=dict(degree=2))),
    # Size, and the beginning of the sha256 of 'abc' above.
    images={'images/a.jpg': '3-ba7816bf8f01cfea'},
)


@pytest.fixture
def files(tmp_path):
    """A checkpoint and its thresholds beside it."""
    checkpoint = tmp_path / 'epoch_3.pth'
    checkpoint.write_bytes(b'abc')
    threshold_file(checkpoint).write_text(json.dumps(FOUND))
    return checkpoint, tmp_path / 'epoch_3.thresholds.json'


def test_thresholds_stand_beside_the_checkpoint(files):
    checkpoint, path = files
    assert read_thresholds(path, checkpoint, FOUND['maps']) == FOUND


def test_thresholds_of_another_checkpoint_are_refused(files):
    checkpoint, path = files
    checkpoint.write_bytes(b'abd')
    message = 'another checkpoint, trained/epoch_3.pth, than .*epoch_3.pth'
    with pytest.raises(ValueError, match=message):
        read_thresholds(path, checkpoint, FOUND['maps'])


@pytest.mark.parametrize(
    ('change', 'fits'),
    [
        (dict(pipeline=[dict(scale=224)]), False),
        (dict(cams=dict(ccam=dict(degree=1))), False),
        # Other maps do not matter; those without a threshold are told elsewhere.
        (dict(cams=dict(cam=dict(i=1))), True),
    ],
)
def test_thresholds_hold_for_maps_that_are_made_alike(files, change, fits):
    checkpoint, path = files
    maps = {**FOUND['maps'], **change}
    if fits:
        assert read_thresholds(path, checkpoint, maps) == FOUND
        return
    with pytest.raises(ValueError, match='with other combination functions or another'):
        read_thresholds(path, checkpoint, maps)


@pytest.mark.parametrize('text', ['[]', '{}', '{', '{"provenance": 3}'])
def test_another_file_is_refused(files, text):
    checkpoint, path = files
    path.write_text(text)
    with pytest.raises(ValueError, match='was not written by .*search_threshold.py'):
        read_thresholds(path, checkpoint, FOUND['maps'])


def test_a_missing_file_is_told(files):
    checkpoint, path = files
    path.unlink()
    with pytest.raises(FileNotFoundError, match='make it with .*search_threshold.py'):
        read_thresholds(path, checkpoint, FOUND['maps'])


def applied(part):
    """A part of a config after the thresholds of FOUND have been applied."""
    cfg = Config(dict(test_evaluator=[copy.deepcopy(part)]))
    places = apply_thresholds(cfg, FOUND)
    assert places == ([] if cfg.test_evaluator[0] == part else [0])
    return cfg.test_evaluator[0]


METRIC = dict(type='mmccam.CCAMLocalizationMetric', cam='ccam')


@pytest.mark.parametrize(
    ('part', 'expected'),
    [
        # Neither: the best. A rule: its threshold. A threshold: all stays.
        (METRIC, dict(METRIC, box_rule='nlccam_released', threshold=0.14)),
        (dict(METRIC, box_rule='cam'), dict(METRIC, box_rule='cam', threshold=0.19)),
        (dict(METRIC, threshold=0.2), dict(METRIC, threshold=0.2)),
        # Named without the scope, as where mmccam is the default scope.
        (
            dict(type='LocalizationErrors', cam='ccam', box_rule='cam'),
            dict(type='LocalizationErrors', cam='ccam', box_rule='cam', threshold=0.19),
        ),
        # What has no box rule is left alone.
        (dict(type='mmccam.MaxBoxAcc', cam='ccam'),) * 2,
    ],
)
def test_rule_and_threshold_are_set_where_the_config_leaves_them_open(part, expected):
    assert applied(part) == expected


def test_hooks_draw_with_the_thresholds():
    hook = dict(type='mmccam.LocalizationVisualizationHook', cam='ccam')
    cfg = Config(dict(test_evaluator=[], custom_hooks=[hook]))

    assert apply_thresholds(cfg, FOUND) == []

    assert cfg.custom_hooks[0].threshold == 0.14


@pytest.mark.parametrize(
    ('part', 'message'),
    [
        (
            dict(METRIC, cam='cam'),
            'for the map "cam": search with this config, searched were ccam$',
        ),
        (
            dict(METRIC, box_rule='own'),
            'for the map "ccam" and the box rule "own": name it in --box-rules, ',
        ),
    ],
)
def test_what_was_not_searched_is_told(part, message):
    with pytest.raises(ValueError, match=message):
        applied(part)


@pytest.mark.parametrize(
    ('contents', 'count'),
    # The same file under another name, another of the same size, a longer one.
    [([b'abc'], 1), ([b'abd', b'abcd'], 0), ([b'abd', b'abc'], 1)],
)
def test_images_that_were_searched_on_are_known_by_their_files(
    tmp_path, contents, count
):
    paths = [tmp_path / f'{index}.jpg' for index in range(len(contents))]
    for path, content in zip(paths, contents):
        path.write_bytes(content)

    class Images(BaseDataset):
        def load_data_list(self):
            return [dict(img_path=str(path)) for path in paths]

    assert shared_images(FOUND, Images(data_root=str(tmp_path))) == count
