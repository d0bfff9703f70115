"""In which cells of which tables results are."""

import re

import pytest
from table_results import RESIZE, RULE, cell_of, cells, changed, result


def test_errors_are_means_and_deviations_over_seeds(make_tables):
    # 40, 43 and 46: mean 43, deviation sqrt((9 + 0 + 9) / 2) = 3.
    runs = [
        result(seed=seed, ccam=(100 - error, 70.0, 80.0))
        for seed, error in enumerate((40, 43, 46))
    ]
    _, text, _, lines = make_tables(*runs)
    assert cells(lines, 4) == {
        ('NL-CCAM', 'Top-1'): ('43.00', '3.00', '3'),
        ('NL-CCAM', 'Top-5'): ('30.00', '0.00', '3'),
    }
    assert '43.00 ± 3.00 (3)' in text


def test_a_run_is_in_each_table_that_has_its_network_and_maps(make_tables):
    _, _, _, lines = make_tables(result(), result('no', ccam=(58.0, 68.0, 78.0)))
    assert cells(lines, 2) == {
        (row, column): (error, '', '1')
        for row in ('VGGnet-GAP', 'NL-CCAM')
        for column, error in (('Top-1', '25.00'), ('Top-5', '10.00'))
    }
    assert cells(lines, 4) == {
        ('VGGnet-GAP', 'Top-1'): ('49.50', '', '1'),
        ('VGGnet-GAP', 'Top-5'): ('37.75', '', '1'),
        ('VGGnet-CCAM', 'Top-1'): ('42.00', '', '1'),
        ('VGGnet-CCAM', 'Top-5'): ('32.00', '', '1'),
        ('NL-CCAM', 'Top-1'): ('40.00', '', '1'),
        ('NL-CCAM', 'Top-5'): ('30.00', '', '1'),
    }
    assert {row for row, _ in cells(lines, 6)} == {'top-1 & bottom-0', 'quadratic'}
    # Each network has a Table 6 of its own.
    protocols = {line['protocol'] for line in lines if line['table'] == '6'}
    assert [p.split('; ')[4] for p in sorted(protocols)] == [
        'network: low and high level',
        'network: no blocks',
    ]
    top1 = {
        row: mean
        for (row, column), (mean, *_) in cells(lines, 7).items()
        if column == 'Top-1'
    }
    assert top1 == {
        'no blocks, CAM': '49.50',
        'no blocks, CCAM': '42.00',
        'low and high level, CAM': '49.50',
        'low and high level, CCAM': '40.00',
    }


def test_networks_with_some_blocks_are_in_table_7_alone(make_tables):
    _, _, _, lines = make_tables(result('low'), result('high'))
    assert not cells(lines, 2) and not cells(lines, 4)
    rows = {row for row, _ in cells(lines, 7)}
    places, maps = ('low level', 'high level'), ('CAM', 'CCAM')
    assert rows == {f'{place}, {name}' for place in places for name in maps}


def test_ilsvrc_has_its_tables_and_its_combination_function(make_tables):
    run = result()
    run['model']['head']['num_classes'] = 1000
    run['maps']['cams']['ccam'] = dict(type='mmccam.TopBottom', i=1, j=10)
    _, _, _, lines = make_tables(run)
    assert cells(lines, 1).keys() == {('NL-CCAM', 'Top-1'), ('NL-CCAM', 'Top-5')}
    assert cells(lines, 3)['NL-CCAM', 'Top-1'] == ('40.00', '', '1')
    assert cells(lines, 5) == {('NL-CCAM', 'GT-known'): ('20.00', '', '1')}
    assert not cells(lines, 2) and not cells(lines, 4) and not cells(lines, 7)


@pytest.mark.parametrize(
    ('other', 'words'),
    [
        (changed('about.split', 'val'), 'split val, 5794 images'),
        (changed('about.epochs', 8), 'epochs of training: 8'),
        (changed('about.data', 'CUB, my/cub'), 'CUB, my/cub, split test'),
        (changed('maps.pipeline', [dict(RESIZE, scale=112)]), 'Resize scale=112;'),
        (changed('model.backbone.extra_conv', 1024), 'VGG-16 + conv6;'),
        (changed('model.backbone.extra_conv', 512), 'VGG-16 + conv6 of 512;'),
        (changed('model.backbone.act_cfg', dict(type='LeakyReLU')), '16, LeakyReLU;'),
        (changed('boxes.ccam.threshold', 0.3), 'largest_component at 0.30, IoU 0.5'),
        (
            changed('boxes.ccam.chosen_on', 'val'),
            'on split val of mine, 9 images,',
        ),
        (changed('boxes.ccam.iou', 0.7), 'at 0.20, IoU 0.7'),
    ],
)
def test_another_protocol_has_another_table(make_tables, other, words):
    _, _, _, lines = make_tables(result(), other)
    cell = ('4', 'NL-CCAM', 'Top-1')
    runs = [line for line in lines if line['mean'] and cell_of(line) == cell]
    assert [line['runs'] for line in runs] == ['1', '1']
    assert [words in line['protocol'] for line in runs].count(True) == 1


@pytest.mark.parametrize(
    ('function', 'row'),
    [
        (dict(type='mmccam.TopBottom', i=0, j=1), 'top-0 & bottom-1'),
        (dict(type='mmccam.Polynomial', degree=3), 'cubic'),
        (dict(type='mmccam.Polynomial', degree=2, p=9), 'ccam'),
        (dict(type='mmccam.ReleasedQuadratic'), 'quadratic of the released code'),
        (dict(type='mmccam.AboveMean'), 'top-1 minus the mean of all'),
        (dict(type='mine'), 'ccam'),
    ],
)
def test_combination_functions_have_the_names_of_the_paper(make_tables, function, row):
    _, _, _, lines = make_tables(changed('maps.cams.ccam', function))
    assert {row for row, _ in cells(lines, 6)} == {'top-1 & bottom-0', row}


def test_a_threshold_of_the_evaluated_images_is_told(make_tables):
    run = result(rule=dict(RULE, chosen_on='test'))
    for name in ('cam', 'ccam'):
        for part in ('metrics', 'boxes'):
            run[part] = {
                key.replace(name, f'{name}_threshold_from_test', 1)
                if key.split('/')[0] == name
                else key: value
                for key, value in run[part].items()
            }
    _, text, _, lines = make_tables(run)
    assert cells(lines, 4)['NL-CCAM', 'Top-1'] == ('40.00', '', '1')
    assert 'on split test of mine, 9 images, some of them evaluated, IoU 0.5' in text


@pytest.mark.parametrize(
    'part',
    [
        dict(neck=dict(type='ConvNeck')),
        dict(train_cfg=dict(augments='HaS')),
        dict(backbone=dict(type='NonLocalVGG', adl=dict(layers=['features.9']))),
    ],
)
def test_other_methods_have_rows_of_their_own(make_tables, part):
    run = result()
    run['about']['config'] = 'configs/has/has_vgg16_cub.py'
    run['model'] |= part
    _, _, _, lines = make_tables(run)
    assert {row for row, _ in cells(lines, 2)} == {'HaS'}
    rows = {row for row, _ in cells(lines, 4)}
    assert rows == {'HaS, CAM', 'HaS, CCAM'}
    assert not cells(lines, 7)


def test_the_top_5_of_classification_is_that_of_the_ranks(make_tables):
    run = result()
    del run['metrics']['accuracy/top5']
    run['about']['images'] = 5
    run['images'] = dict(ranks='04159', hits={})
    _, _, _, lines = make_tables(run)
    assert cells(lines, 2)['NL-CCAM', 'Top-5'] == ('40.00', '', '1')


def test_a_seed_counts_once(make_tables):
    run, other = result(), result(ccam=(61.0, 70.0, 80.0))
    # Of one checkpoint the first result counts.
    _, _, _, lines = make_tables(run, other)
    assert cells(lines, 4)['NL-CCAM', 'Top-1'] == ('40.00', '', '1')
    other['about']['checkpoint'] = 'other.pth'
    code, _, errors, _ = make_tables(run, other)
    assert code == 2
    message = (
        '0.json and .*1.json have different errors, 40.00 and 39.00, for Top-1 of '
        '"quadratic" in Table 6 with seed 0: omit one'
    )
    assert re.search(message, errors)


def test_runs_of_unknown_seed_count_by_their_checkpoints(make_tables):
    runs = [result(seed=seed) for seed in (0, 1)]
    for run in runs:
        run['about']['seed'] = None
    _, _, _, lines = make_tables(*runs)
    assert cells(lines, 4)['NL-CCAM', 'Top-1'] == ('40.00', '0.00', '2')


def test_a_file_of_another_kind_is_refused(make_tables):
    code, _, errors, _ = make_tables(dict(metrics={}))
    assert code == 2
    wanted = '0.json has no "provenance": results are what tools/test.py --out writes'
    assert wanted in errors


def test_a_wrong_suffix_is_refused(run_here):
    code, _, errors = run_here('make_tables.py', 'a.json', '--out', 'a.xls')
    assert code == 2
    assert '--out must end in one of .txt, .md, .tex, .csv, got a.xls' in errors
