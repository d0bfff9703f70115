import hashlib
import json
import re
from pathlib import Path

import mmengine
import numpy as np
import pytest
import torch
from PIL import Image
from small_runs import CONFIG, ROOT

from mmccam.structures import ClassMaps

pytestmark = pytest.mark.slow
LAZY = ROOT / 'tests/test_tools/small_lazy_config.py'


def test_training_resumes_where_it_stopped(trained):
    assert 'resumed epoch: 1, iter: 2' in trained
    assert 'Epoch(train) [1]' not in trained
    assert 'Saving checkpoint at 2 epochs' in trained


def test_the_console_has_progress_and_the_log_file_all(trained, evaluated):
    log_file = Path(re.search('Log file: (.*)', trained)[1]).read_text()
    for text in ('System environment:', 'Config:', 'Hooks will be executed'):
        assert text in log_file and text not in trained
    assert len(trained.splitlines()) < 20
    # A test's numbers are in the tables, or below them.
    assert 'Epoch(test)' not in evaluated.log
    assert 'Further numbers: ccam/max_box_acc_30 ' in evaluated.log


def test_the_checkpoint_gives_the_numbers_of_training(run, trained, tmp_path):
    (validated,) = re.findall(r'Epoch\(val\) \[2\].*accuracy/top1.*', trained)
    arguments = ('test.py', CONFIG, run.checkpoint, '--out', tmp_path / 'val.json')
    run.checked(*arguments, options=['test_dataloader.dataset.split=val'])
    metrics = json.loads((tmp_path / 'val.json').read_text())['metrics']

    # Such as ccam/top1_loc: 8.3333
    expected = dict(re.findall(r'(\w+/\w+): (\S+)', validated))
    assert {'accuracy/top1', 'ccam/top1_loc', 'cam/gt_known_loc'} < set(expected)
    for name, value in expected.items():
        assert metrics[name] == pytest.approx(float(value), abs=1e-4)


def test_a_config_of_the_new_style_gives_the_same_numbers(run, evaluated, tmp_path):
    arguments = ('test.py', LAZY, run.checkpoint, '--thresholds')
    run.checked(*arguments, '--out', tmp_path / 'lazy.json')
    results = json.loads((tmp_path / 'lazy.json').read_text())
    for key in ('localization', 'errors', 'boxes', 'maps', 'model'):
        assert results[key] == evaluated.results[key]


def test_evaluation_leaves_pictures(run, trained):
    pictures = list(run.folder.glob('work_dir/*/vis_data/vis_image/*.png'))

    # Of 12 images every second is drawn: 6, in the epoch that was validated.
    assert len({path.name for path in pictures if path.stem.endswith('_2')}) == 6


def test_a_search_says_where_its_thresholds_come_from(run, searched):
    provenance, curves = searched['provenance'], searched['curves']
    assert provenance['split'] == 'val'
    assert provenance['ann_file'].endswith('metadata/val/image_ids.txt')
    assert provenance['num_images'] == len(searched['images']) == 12
    assert 'images/val/target/0000.jpg' in searched['images']
    sha256 = hashlib.sha256(run.checkpoint.read_bytes()).hexdigest()
    assert provenance['checkpoint_sha256'] == sha256
    best = {name: rules[0] for name, rules in searched['thresholds'].items()}
    chosen = max(best, key=lambda name: best[name]['gt_known_loc'])
    expected = dict(map=chosen, of=['ccam', 'cam'], **best[chosen])
    assert provenance['chosen'] == expected
    assert len(curves['thresholds']) == 99
    assert set(curves['gt_known_loc']) == {'ccam', 'cam'}
    with Image.open(run.checkpoint.with_suffix('.thresholds.png')) as picture:
        assert min(picture.size) > 300


def test_a_sweep_searches_all_values_of_the_parameters(run, trained):
    options = ('--sweep', 'p', 'degree', 'i', 'j', '--points', '99')
    run.checked('search_threshold.py', CONFIG, run.checkpoint, *options)
    path = run.checkpoint.with_suffix('.sweep.json')
    found = json.loads(path.read_text())
    # 12 classes, so that i is swept with j = 6; at p = 1 Eq. 5 is not defined.
    expected = dict(
        p=[0, *range(2, 13)], degree=range(6), i=range(7), j=range(12)
    ).items()
    names = [f'{name}_{value}' for name, values in expected for value in values]
    assert list(found['thresholds']) == list(found['maps']['cams']) == names
    assert found['maps']['cams']['i_2'] == dict(type='mmccam.TopBottom', i=2, j=6)
    assert found['provenance']['chosen']['map'] in names
    with Image.open(path.with_suffix('.png')) as picture:
        assert min(picture.size) > 300


def test_outcomes_of_images_give_the_accuracies(evaluated):
    images, metrics = evaluated.results['images'], evaluated.results['metrics']
    for name in ('cam', 'ccam'):
        hits = [*map(int, images['hits'][name])]
        both = [hit and rank == '0' for hit, rank in zip(hits, images['ranks'])]
        assert len(hits) == 12
        assert metrics[f'{name}/gt_known_loc'] == pytest.approx(100 * sum(hits) / 12)
        assert metrics[f'{name}/top1_loc'] == pytest.approx(100 * sum(both) / 12)


def test_curves_have_the_numbers_of_right_boxes(evaluated):
    metrics = evaluated.results['metrics']
    for name, curve in evaluated.results['curves'].items():
        assert curve['thresholds'][:2] == [0, 0.01] and len(curve['right']) == 100
        best = metrics[f'{name}/max_box_acc_50']
        # Every tenth threshold of the metric: its best one may be another.
        assert 0 <= 100 * max(curve['right']) / 12 <= best
    assert {*evaluated.results['curves']} == {'cam', 'ccam'}


def test_the_threshold_is_chosen_on_val_and_used_on_test(evaluated, searched):
    results = evaluated.results
    assert results['provenance'] == searched['provenance']
    for row in results['localization']:
        best = searched['thresholds'][row['map']][0]
        expected = (best['box_rule'], best['threshold'], 'val')
        assert (row['box rule'], row['threshold'], row['chosen on']) == expected
        assert row['GT-known'] == results['metrics'][f'{row["map"]}/gt_known_loc']
    # Every image is in the breakdown of errors once.
    rows = [dict(row) for row in results['errors']]
    assert [row.pop('map') for row in rows] == ['ccam', 'cam']
    assert [sum(row.values()) for row in rows] == [12, 12]
    text = (evaluated.folder / 'results.txt').read_text()
    assert 'Of 2 combination functions, ' in text
    assert 'split val were chosen on its 12 images' in text and text in evaluated.log
    assert '| ccam ' in (evaluated.folder / 'results.md').read_text()


def test_results_say_what_they_are_of(run, evaluated):
    results = evaluated.results
    assert results['about'] == dict(
        config=str(CONFIG),
        checkpoint=str(run.checkpoint),
        data=f'WSOLDataset, {run.data}',
        split='test',
        images=12,
        seed=0,
        epochs=2,
    )
    rule = {k: results['boxes']['cam'].pop(k) for k in ('box_rule', 'threshold')}
    about = dict(map_name='cam', names_rule=False, chosen_on='val', iou=0.5)
    assert results['boxes']['cam'] == about
    assert rule['threshold'] == results['metrics']['cam/threshold']
    assert results['maps']['cams']['cam'] == dict(type='mmccam.TopBottom', i=1, j=0)
    assert results['model']['backbone']['non_local_stages'] == [2]


def test_the_tables_of_the_paper_are_made_of_results(run_here, evaluated):
    file = evaluated.folder / 'results.json'
    code, text, _ = run_here('make_tables.py', file, file)
    assert code == 0
    top1 = 100 - evaluated.results['metrics']['ccam/top1_loc']
    assert re.search(rf'small_config, CCAM +{top1:.2f} \(1\)', text)
    place = f'split val of {evaluated.results["provenance"]["data_root"]}, 12 images'
    assert f'boxes: rule and threshold chosen on {place}, IoU 0.5' in text


def test_dumped_maps_and_boxes_are_scored_alike(run, evaluated, run_here):
    metrics = evaluated.results['metrics']
    assert metrics['ccam/maps/num_maps'] == metrics['ccam/boxes/num_boxes'] == 12
    option = f'test_dataloader.dataset.data_root={run.data}'
    arguments = (CONFIG, evaluated.folder / 'ccam.json', '--cfg-options', option)
    code, out, _ = run_here('eval_maps.py', *arguments)
    assert code == 0
    assert f'top1_loc: {metrics["ccam/top1_loc"]:.4g}\n' in out
    assert len(list((evaluated.folder / 'cam').rglob('*.npy'))) == 12


def test_a_threshold_chosen_on_the_test_split_is_named_so(run, trained, tmp_path):
    found, out = tmp_path / 'found.json', tmp_path / 'results.json'
    options = ('--split', 'test', '--out', found)
    run.checked('search_threshold.py', CONFIG, run.checkpoint, *options)
    options = ('--thresholds', found, '--out', out)
    log = run.checked('test.py', CONFIG, run.checkpoint, *options)

    assert 'thresholds were chosen on 12 of the images that are evaluated' in log
    results = json.loads(out.read_text())
    names = [row['map'] for row in results['localization']]
    assert names == ['ccam_threshold_from_test', 'cam_threshold_from_test']
    assert 'ccam/top1_loc' not in results['metrics']
    assert any('MaxBoxAccV2' in row for row in results['localization'])


def test_mixed_precision_needs_no_gpu_and_a_config_no_test(run, run_here, tmp_path):
    config = tmp_path / 'config.py'
    dataset = dict(data_root=str(run.data), indices=3)
    data = dict(batch_size=3, num_workers=0, dataset=dataset)
    config.write_text(
        f'_base_ = {str(CONFIG)!r}\n'
        f'train_dataloader = {data}\n'
        'test_dataloader = test_cfg = test_evaluator = None\n'
        'train_cfg = dict(max_epochs=1)\n'
    )
    arguments = (config, '--amp', '--work-dir', tmp_path, '--no-validate')
    assert run_here('train.py', *arguments)[0] == 0
    assert (tmp_path / 'epoch_1.pth').exists()
    (log,) = tmp_path.glob('*/*.log')
    assert 'loss: ' in log.read_text() and 'loss: nan' not in log.read_text()


def test_mixed_precision_changes_only_the_rounding_of_a_test(run, trained, tmp_path):
    outs = tmp_path / 'float32.pkl', tmp_path / 'bfloat16.pkl'
    for out, options in zip(outs, ([], ['--amp'])):
        run.checked('test.py', CONFIG, run.checkpoint, *options, '--out', out)
    for plain, mixed in zip(*map(mmengine.load, outs)):
        scores, expected = mixed['pred_score'], plain['pred_score']
        assert not torch.equal(scores, expected)
        torch.testing.assert_close(scores, expected, rtol=0, atol=0.01)
        label = plain['gt_label'].item()
        cam, expected = (ClassMaps.read(one).of('cam', label) for one in (mixed, plain))
        assert cam.dtype == np.float32
        # bfloat16 has 8 bits.
        largest = np.abs(expected).max()
        np.testing.assert_allclose(cam, expected, rtol=0, atol=2**-6 * largest)
