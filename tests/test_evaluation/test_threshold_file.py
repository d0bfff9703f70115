import json
from types import SimpleNamespace

import pytest
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.model import MMDistributedDataParallel
from torch import nn

from mmccam.evaluation import (
    BoxMetric,
    CCAMLocalizationMetric,
    DumpBoxes,
    LocalizationErrors,
    MaxBoxAcc,
    ThresholdSearch,
)
from mmccam.evaluation.thresholds import (
    apply_thresholds,
    choose_rule,
    describe_search,
    head_of,
    maps_of,
    read_thresholds,
    shared_images,
    threshold_file,
)
from mmccam.visualization import LocalizationVisualizationHook

FOUND = dict(
    provenance=dict(
        split='val',
        data_root='data/fish/',
        ann_file='data/fish/metadata/val/image_ids.txt',
        # sha256 of the three bytes 'abc', from FIPS 180-2, appendix B.1.
        checkpoint_sha256='ba7816bf8f01cfea414140de5dae2223'
        'b00361a396177a9cb410ff61f20015ad',
        checkpoint='trained/epoch_3.pth',
    ),
    thresholds=dict(
        ccam=[
            dict(box_rule='released_nlccam', threshold=0.14, gt_known_loc=74.5),
            dict(box_rule='largest_component', threshold=0.19, gt_known_loc=73.5),
        ]
    ),
    curves=dict(
        thresholds=[0.1],
        gt_known_loc=dict(ccam=dict(released_nlccam={}, largest_component={})),
    ),
    maps=dict(pipeline=[dict(scale=[112, 112])], cams=dict(ccam=dict(degree=2))),
    images=['images/a.jpg', 'images/b.jpg'],
)


@pytest.fixture
def read(tmp_path):
    """Write a checkpoint and thresholds beside it, and read these."""

    def read(found=FOUND, maps=FOUND['maps'], checkpoint=b'abc'):
        path = tmp_path / 'epoch_3.pth'
        path.write_bytes(checkpoint)
        text = found if isinstance(found, str) else json.dumps(found)
        (tmp_path / 'epoch_3.thresholds.json').write_text(text)
        return read_thresholds(threshold_file(path), path, maps)

    return read


def test_box_rules_of_older_files_have_their_present_names(read):
    text = json.dumps(FOUND).replace('released_nlccam', 'nlccam_released')
    found = read(text.replace('largest_component', 'cam'))
    assert found == FOUND
    both = [one['curves']['gt_known_loc']['ccam'] for one in (found, FOUND)]
    assert list(both[0]) == list(both[1])  # in the same order
    for name in ('cam', 'largest_component'):
        assert choose_rule(found, 'ccam', name)['threshold'] == 0.19


MAPS = FOUND['maps']
OTHER = 'with other combination functions or another size of the input'


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(checkpoint=b'abd'), 'another checkpoint, trained/epoch_3.pth, than .*'),
        (dict(maps={**MAPS, 'pipeline': [dict(scale=224)]}), OTHER),
        (dict(maps={**MAPS, 'cams': dict(ccam=dict(degree=1))}), OTHER),
    ],
)
def test_thresholds_of_something_else_are_refused(read, change, message):
    with pytest.raises(ValueError, match=message):
        read(**change)


def test_thresholds_are_read_beside_the_checkpoint(read):
    assert read() == FOUND
    # Other maps do not matter.
    assert read(maps=dict(FOUND['maps'], cams=dict(cam=dict(i=1)))) == FOUND


def test_damaged_thresholds_of_a_rule_are_refused(read):
    curves = dict(FOUND['curves'], grids=dict(mean_multiple=['0']))
    message = (
        r'"grids", "mean_multiple", entry 0 must be a number, got .*: thresholds are'
    )
    with pytest.raises(ValueError, match=message):
        read(dict(FOUND, curves=curves))


def test_another_file_or_none_is_refused(read, tmp_path):
    for text in ('[]', '{', '{"provenance": 3}'):
        with pytest.raises(ValueError, match=': thresholds are written by .*search_th'):
            read(text)
    with pytest.raises(
        FileNotFoundError, match='no file .* written by .*search_threshold.py'
    ):
        read_thresholds(tmp_path / 'none.json', tmp_path, FOUND['maps'])


def test_the_head_says_which_maps_it_makes(monkeypatch):
    monkeypatch.setattr(MMDistributedDataParallel, '__init__', nn.Module.__init__)
    model, wrapper = nn.Module(), MMDistributedDataParallel()
    model.head = nn.Module()
    model.head.cams = dict(ccam=dict(degree=2))
    wrapper.module = model
    pipeline = [dict(scale=(112, 112))]
    cfg = Config(dict(test_dataloader=dict(dataset=dict(pipeline=pipeline))))
    for given in (model, wrapper):
        head = head_of(SimpleNamespace(model=given))
        assert maps_of(cfg, head) == FOUND['maps']


# Applied


class OwnMetric(BoxMetric):
    """A user's own."""

    def summarize(self, records):
        return {}


BEST, LARGEST = ('released_nlccam', 0.14), ('largest_component', 0.19)
HOOK = LocalizationVisualizationHook


@pytest.mark.parametrize(
    ('kind', 'given', 'expected'),
    [
        # Neither: the best. A rule: its threshold. A threshold: all stays.
        (CCAMLocalizationMetric, {}, BEST),
        (CCAMLocalizationMetric, dict(box_rule='largest_component'), LARGEST),
        (CCAMLocalizationMetric, dict(threshold=0.2), ('largest_component', 0.2)),
        (LocalizationErrors, dict(box_rule='cam'), LARGEST),
        (DumpBoxes, dict(out_file='boxes.json', root='images'), BEST),
        (HOOK, {}, BEST),
        (OwnMetric, {}, BEST),
    ],
)
def test_rule_and_threshold_are_set_where_they_are_left_open(kind, given, expected):
    maker, other = kind('ccam', **given), MaxBoxAcc('ccam')
    applied = apply_thresholds([maker, other], FOUND)
    assert applied == ([] if 'threshold' in given else [maker])
    assert (maker.box_rule.name, maker.box_rule.threshold) == expected


def test_what_was_not_searched_is_reported():
    with pytest.raises(ValueError, match='"cam": search .*, searched were ccam$'):
        choose_rule(FOUND, 'cam')
    message = 'the map "ccam" and the box rule "own": name it in --box-rules, searched'
    with pytest.raises(ValueError, match=message):
        choose_rule(FOUND, 'ccam', 'own')


# The same images?


class Images(BaseDataset):
    def load_data_list(self):
        paths = ('a.jpg', 'b.jpg', 'c.jpg')
        return [dict(img_path=f'{self.data_root}/images/{path}') for path in paths]


VAL, TEST = (f'metadata/{split}/image_ids.txt' for split in ('val', 'test'))


@pytest.mark.parametrize(
    ('root', 'ann_file', 'count'),
    [
        ('data/fish', VAL, 2),
        # Other annotations of the same images; the root in other words.
        ('data/fish', TEST, 2),
        ('data/../data/fish', '', 2),
        # The data were moved, or it is another split under another root.
        ('moved', VAL, 2),
        ('moved', TEST, 0),
        ('moved', '', 0),
    ],
)
def test_images_that_were_searched_on_are_known_by_their_names(root, ann_file, count):
    dataset = Images(ann_file, data_root=root)
    assert shared_images(FOUND, dataset) == count
    # Older files have fingerprints beside the names.
    older = dict.fromkeys(FOUND['images'], '3-ba7816bf8f01cfea')
    assert shared_images(dict(FOUND, images=older), dataset) == count


def test_a_search_keeps_the_names_of_its_images(read, tmp_path):
    checkpoint = tmp_path / 'epoch_3.pth'
    checkpoint.write_bytes(b'abc')
    dataset = Images(VAL, data_root='data/fish')
    about = dict(config='config.py', split='val', checkpoint=str(checkpoint))
    about['checkpoint_sha256'] = FOUND['provenance']['checkpoint_sha256']
    search = ThresholdSearch('ccam', box_rules=['mean_multiple', 'largest_component'])
    search.curves = {rule: {0.5: [70.0, 74.5]} for rule in search.box_rules}
    found = describe_search([search], dataset, about, FOUND['maps'])
    grids = dict(mean_multiple=[number / 2 for number in range(21)])
    assert found['curves']['grids'] == grids
    assert found['images'] == [f'images/{name}.jpg' for name in 'abc']
    assert found['provenance'].items() > dict(split='val', num_images=3).items()
    assert read(found)['thresholds'] == found['thresholds']
    makers = [CCAMLocalizationMetric('ccam', box_rule='mean_multiple')]
    apply_thresholds(makers, read(found))
    assert makers[0].box_rule.threshold == 0.5


def test_the_best_combination_function_is_chosen():
    best = dict(cam=40.0, step=60.0, ccam=60.0, grad_cam=90.0)  # the last is none
    searches = [
        SimpleNamespace(
            map_name=name,
            curves={},
            box_rules={},
            best_rules=lambda value=value: [
                dict(box_rule='largest_component', threshold=0.3, gt_known_loc=value)
            ],
        )
        for name, value in best.items()
    ]
    options = dict(about=dict(split='val'), maps={})
    dataset = Images(VAL, data_root='data/fish')
    for functions, name in ((['cam', 'step', 'ccam'], 'step'), (['cam'], 'cam')):
        found = describe_search(searches, dataset, functions=functions, **options)
        rule = dict(box_rule='largest_component', threshold=0.3)
        expected = dict(map=name, of=functions, gt_known_loc=best[name], **rule)
        assert found['provenance']['chosen'] == expected
    found = describe_search(searches, dataset, **options)
    assert found['provenance']['chosen'] is None
