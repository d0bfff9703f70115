import hashlib
import json
import re
import subprocess
import sys

import pytest
import torch
from PIL import Image
from small_runs import CONFIG, ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def evaluated(run, trained, tmp_path):
    """Evaluate the trained model; the results and the log."""

    def evaluated(*args, options=()):
        out = tmp_path / 'results.json'
        arguments = (CONFIG, run.checkpoint, *args, '--out', out)
        arguments += tuple(files_of(tmp_path))
        log = run.checked('test.py', *arguments, options=options)
        return json.loads(out.read_text()), log

    return evaluated


def files_of(folder):
    return [folder / f'results.{suffix}' for suffix in ('md', 'txt')]


def test_training_resumes_where_it_stopped(trained):
    assert 'resumed epoch: 1, iter: 2' in trained
    assert 'Epoch(train) [1]' not in trained
    assert 'Saving checkpoint at 2 epochs' in trained


def test_the_checkpoint_gives_the_numbers_of_training(evaluated, trained):
    (validated,) = re.findall(r'Epoch\(val\) \[2\].*accuracy/top1.*', trained)
    results, _ = evaluated(options=['test_dataloader.dataset.split=val'])

    # Such as ccam/top1_loc: 8.3333
    expected = dict(re.findall(r'(\w+/\w+): (\S+)', validated))
    assert {'accuracy/top1', 'ccam/top1_loc', 'cam/gt_known_loc'} < set(expected)
    for name, value in expected.items():
        assert results['metrics'][name] == pytest.approx(float(value), abs=1e-4)


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
    assert len(curves['thresholds']) == 99
    assert set(curves['gt_known_loc']) == {'ccam', 'cam'}
    with Image.open(run.checkpoint.with_suffix('.thresholds.png')) as picture:
        assert min(picture.size) > 300


def test_the_threshold_is_chosen_on_val_and_used_on_test(evaluated, searched, tmp_path):
    results, log = evaluated('--thresholds')
    assert results['provenance'] == searched['provenance']
    for row in results['localization']:
        best = searched['thresholds'][row['map']][0]
        expected = (best['box_rule'], best['threshold'], 'val')
        assert (row['box rule'], row['threshold'], row['chosen on']) == expected
        assert row['GT-known'] == results['metrics'][f'{row["map"]}/gt_known_loc']
    # Every image is in the breakdown of errors once.
    assert [row.pop('map') for row in results['errors']] == ['ccam', 'cam']
    assert [sum(row.values()) for row in results['errors']] == [12, 12]
    markdown, text = (path.read_text() for path in files_of(tmp_path))
    assert '| ccam ' in markdown
    assert 'split val were chosen on its 12 images' in markdown
    assert text in log


def test_dumped_maps_and_boxes_are_scored_alike(
    run, evaluated, searched, run_here, tmp_path
):
    dump = ('--dump-maps', tmp_path, '--dump-boxes', tmp_path)
    metrics = evaluated('--thresholds', *dump)[0]['metrics']
    assert metrics['ccam/maps/num_maps'] == metrics['ccam/boxes/num_boxes'] == 12

    option = f'test_dataloader.dataset.data_root={run.data}'
    arguments = (CONFIG, tmp_path / 'ccam.json', '--cfg-options', option)
    code, out, _ = run_here('eval_maps.py', *arguments)
    assert code == 0
    assert f'top1_loc: {metrics["ccam/top1_loc"]:.4g}\n' in out
    assert len(list((tmp_path / 'cam').rglob('*.npy'))) == 12


def test_a_threshold_chosen_on_the_test_split_is_named_so(run, evaluated, tmp_path):
    found = tmp_path / 'found.json'
    options = ('--split', 'test', '--out', found)
    run.checked('search_threshold.py', CONFIG, run.checkpoint, *options)
    results, log = evaluated('--thresholds', found)

    assert 'thresholds were chosen on 12 of the images that are evaluated' in log
    names = [row['map'] for row in results['localization']]
    assert names == ['ccam_threshold_from_test', 'cam_threshold_from_test']
    assert 'ccam/top1_loc' not in results['metrics']
    assert any('MaxBoxAccV2' in row for row in results['localization'])


def test_thresholds_that_nothing_uses_are_refused(run, searched):
    fixed = [f'test_evaluator.{place}.threshold=0.3' for place in (1, 2, 5, 6)]
    process = run('test.py', CONFIG, run.checkpoint, '--thresholds', options=fixed)
    assert process.returncode == 2
    assert 'test.py: --thresholds: no metric of' in process.stderr.splitlines()[-1]


def test_a_threshold_is_not_chosen_on_the_test_split(run, tmp_path):
    arguments = (CONFIG, CONFIG, '--out', tmp_path / 'same.json')
    options = ['val_dataloader.dataset.split=test']
    process = run('search_threshold.py', *arguments, options=options)
    assert process.returncode == 2
    assert 'validation and test split of the config are the same' in process.stderr


def test_a_checkpoint_of_another_network_is_refused(run, trained, tmp_path):
    out = tmp_path / 'other.json'
    options = ['model.backbone.non_local_stages=(4,)']
    process = run('test.py', CONFIG, run.checkpoint, '--out', out, options=options)
    assert process.returncode == 2
    assert ' 13 further weights, the first' in process.stderr.splitlines()[-1]
    assert not out.exists()


def test_mixed_precision_needs_no_gpu(run):
    options = dict(options=['train_cfg.max_epochs=1'], work_dir='amp')
    log = run.checked('train.py', CONFIG, '--amp', '--no-validate', **options)
    assert 'Saving checkpoint at 1 epochs' in log
    assert 'loss: nan' not in log


@pytest.mark.skipif(
    torch.__version__ < (2, 2),
    reason='bfloat16 of torch 2.1 is further from float32 than the benchmark allows',
)
def test_the_benchmark_prints_ratios_and_that_all_forms_are_equal(run, tmp_path):
    small = ['--batch-size', '4', '--image-side', '64', '--classes', '20']
    log = run.output(
        subprocess.run(
            [sys.executable, ROOT / 'tools/benchmark.py', '--json', tmp_path / 'b.json']
            + ['--images', '2', '--repeats', '1', '--step', '0.01', *small],
            capture_output=True,
            text=True,
        )
    )

    parts = json.loads((tmp_path / 'b.json').read_text())['parts']
    assert list(parts) == [
        *('block', 'maps', 'step', 'pipeline', 'localization', 'evaluation')
    ]
    for rows in parts.values():
        assert all(row['equal'] for row in rows)
        assert re.search(rf'{rows[1]["form"]} .* {rows[1]["ratio"]:.3g} ', log)
    assert parts['step'][1]['megabytes'] > 0
