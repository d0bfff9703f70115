import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/nlccam_demo.py'


def accuracies(text):
    """Read the numbers behind names with a slash, such as ``cam/top1_loc: 8.3333``."""
    return {name: float(value) for name, value in re.findall(r'(\w+/\w+): (\S+)', text)}


def test_training_resumes_where_it_stopped(trained):
    assert 'resumed epoch: 1, iter: 2' in trained
    assert 'Epoch(train) [1]' not in trained
    assert 'Saving checkpoint at 2 epochs' in trained


def test_the_checkpoint_gives_the_numbers_of_training(run, trained):
    (validated,) = re.findall(r'Epoch\(val\) \[2\].*accuracy/top1.*', trained)
    out = run.folder / 'metrics.json'
    options = ['test_dataloader.dataset.split=val']
    run.checked('test.py', CONFIG, run.checkpoint, '--out', out, options=options)

    metrics = json.loads(out.read_text())['metrics']
    expected = accuracies(validated)
    assert {'accuracy/top1', 'ccam/top1_loc', 'cam/gt_known_loc'} < set(expected)
    assert {name: metrics[name] for name in expected} == pytest.approx(
        expected, abs=1e-4
    )


def test_evaluation_leaves_pictures(run, trained):
    pictures = list(run.folder.glob('work_dir/*/vis_data/vis_image/*.png'))

    # Of 12 images every second is drawn: 6, in the epoch that was validated.
    assert len({path.name for path in pictures if path.stem.endswith('_2')}) == 6


def test_a_search_says_where_its_thresholds_come_from(run, searched):
    provenance = searched['provenance']
    assert provenance['split'] == 'val'
    assert provenance['ann_file'].endswith('metadata/val/image_ids.txt')
    assert provenance['num_images'] == len(searched['images']) == 12
    sha256 = hashlib.sha256(run.checkpoint.read_bytes()).hexdigest()
    assert provenance['checkpoint_sha256'] == sha256


def test_a_search_leaves_curves_beside_the_checkpoint(run, searched):
    curves = searched['curves']
    assert len(curves['thresholds']) == 99
    assert set(curves['gt_known_loc']) == {'ccam', 'cam'}
    with Image.open(run.checkpoint.with_suffix('.thresholds.png')) as picture:
        assert min(picture.size) > 300


def test_the_threshold_is_chosen_on_val_and_used_on_test(run, searched):
    files = [run.folder / f'results.{suffix}' for suffix in ('json', 'md', 'txt')]
    options = ('--thresholds', '--out', *files)
    log = run.checked('test.py', CONFIG, run.checkpoint, *options)

    results = json.loads(files[0].read_text())
    assert results['provenance'] == searched['provenance']
    for row in results['localization']:
        best = searched['thresholds'][row['map']][0]
        assert (row['box rule'], row['threshold']) == (
            best['box_rule'],
            best['threshold'],
        )
        assert row['chosen on'] == 'val'
        assert row['GT-known'] == results['metrics'][f'{row["map"]}/gt_known_loc']
    assert '| ccam ' in files[1].read_text()
    assert 'split val were chosen on its 12 images' in files[1].read_text()
    assert files[2].read_text() in log


def test_dumped_maps_and_boxes_are_scored_alike(run, searched):
    out, dumps = run.folder / 'dumped.json', run.folder / 'dumps'
    dump = ('--dump-maps', dumps, '--dump-boxes', dumps, '--out', out)
    run.checked('test.py', CONFIG, run.checkpoint, '--thresholds', *dump)
    metrics = json.loads(out.read_text())['metrics']
    assert metrics['ccam/maps/num_maps'] == metrics['ccam/boxes/num_boxes'] == 12

    log = run.output(
        subprocess.run(
            [sys.executable, ROOT / 'tools/eval_maps.py', CONFIG, dumps / 'ccam.json']
            + ['--cfg-options', f'test_dataloader.dataset.data_root={run.data}'],
            capture_output=True,
            text=True,
        )
    )
    assert f'top1_loc: {metrics["ccam/top1_loc"]:.4g}\n' in log


def test_every_image_is_in_the_error_breakdown_once(run, searched):
    out = run.folder / 'errors.json'
    run.checked('test.py', CONFIG, run.checkpoint, '--out', out)

    rows = json.loads(out.read_text())['errors']
    assert [row.pop('map') for row in rows] == ['ccam', 'cam']
    assert [sum(row.values()) for row in rows] == [12, 12]


def test_a_threshold_chosen_on_the_test_split_is_named_so(run, trained):
    found, out = run.folder / 'on_test.json', run.folder / 'from_test.json'
    options = ('--split', 'test', '--out', found)
    run.checked('search_threshold.py', CONFIG, run.checkpoint, *options)
    arguments = (CONFIG, run.checkpoint, '--thresholds', found, '--out', out)
    log = run.checked('test.py', *arguments)

    assert 'thresholds were chosen on 12 of the images that are evaluated' in log
    results = json.loads(out.read_text())
    assert [row['map'] for row in results['localization']] == [
        'ccam_threshold_from_test',
        'cam_threshold_from_test',
    ]
    assert 'ccam/top1_loc' not in results['metrics']


def test_a_threshold_is_not_chosen_on_the_test_split(run, trained):
    process = run(
        'search_threshold.py',
        CONFIG,
        run.checkpoint,
        '--out',
        run.folder / 'same.json',
        options=['val_dataloader.dataset.split=test'],
    )

    assert process.returncode == 2
    assert 'validation and test split of the config are the same' in process.stderr


def test_a_checkpoint_of_another_network_is_refused(run, trained):
    out = run.folder / 'other.json'
    process = run(
        'test.py',
        CONFIG,
        run.checkpoint,
        '--out',
        out,
        options=['model.backbone.non_local_stages=(4,)'],
    )

    assert process.returncode == 2
    message = 'does not match the config: it has 13 further weights, the first'
    assert message in process.stderr.splitlines()[-1]
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
