"""What a user can mend ends a tool with one sentence and exit code 2."""

import os
import re

import pytest
from small_runs import CONFIG, ROOT

from mmccam.whole_files import one_writer

pytestmark = pytest.mark.slow
TOOLS = sorted(path.name for path in (ROOT / 'tools').glob('[!_]*.py'))


@pytest.mark.parametrize('tool', TOOLS)
def test_options_are_not_abbreviated(run_here, tool):
    code, _, errors = run_here(tool, '--hel')
    assert code == 2
    assert 'usage' in errors


# What each tool of a config needs to come to read it.
READERS = {
    'train.py': (),
    'test.py': (CONFIG,),
    'search_threshold.py': (CONFIG,),
    'make_pseudo_boxes.py': (CONFIG, '--out', 'a.json'),
    'eval_maps.py': ('.',),
    'check_data.py': (),
}


@pytest.mark.parametrize('tool', READERS)
@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('model = 1 +', 'invalid syntax'),
        ('model = dict(type=5)', 'model.type of .* must be a class or .*, got 5'),
        ('_base_ = "none.py"', 'none.py'),
        (
            f'_base_ = {str(CONFIG)!r}\n_base_.train_dataloader.dataset = dict('
            'type="ConcatDataset", datasets=[_base_.train_dataloader.dataset])\n'
            'train_dataloader = val_dataloader = test_dataloader = '
            'dict(_delete_=True, **_base_.train_dataloader)',
            'must be a data set with a pipeline, got ConcatDataset',
        ),
    ],
)
def test_a_config_that_cannot_be_used_is_refused(
    run_here, tmp_path, monkeypatch, tool, text, message
):
    monkeypatch.chdir(tmp_path)
    config = tmp_path / 'config.py'
    config.write_text(text)
    code, _, errors = run_here(tool, config, *READERS[tool])
    assert code == 2
    line = errors.splitlines()[-1]
    assert re.match(f'{tool}: .*{message}', line)
    assert len(line) < 400


def test_a_long_message_is_cut(run_here):
    option = 'x' * 1000
    _, _, errors = run_here('check_data.py', CONFIG, '--cfg-options', f'{option}=1')
    line = errors.splitlines()[-1]
    assert line.startswith('check_data.py: the option xxx')
    assert line.endswith('xxx')
    assert len(line) < 400


def test_a_config_is_a_regular_file(run_here, tmp_path):
    os.mkfifo(tmp_path / 'config.py')
    code, _, errors = run_here('check_data.py', tmp_path / 'config.py')
    assert code == 2
    assert 'config.py is not a regular file' in errors


@pytest.mark.parametrize(
    ('command', 'message'),
    [
        ('search_threshold.py --out a.yaml', '--out must end in .json, got a.yaml'),
        ('make_pseudo_boxes.py --out a.xml', '--out must end in .json, got a.xml'),
        ('test.py --out a.csv', 'in one of .html, .json, .md, .pkl, .png, .txt, got a'),
        ('test.py --map-side 224', '--map-side needs --dump-maps'),
        ('test.py', 'test.py: there is no checkpoint none.pth'),
    ],
)
def test_wrong_options_are_refused(run, command, message):
    tool, *options = command.split()
    assert message in run.refused(tool, CONFIG, 'none.pth', *options)


@pytest.mark.parametrize(
    ('metrics', 'options', 'message'),
    [
        (2 * ['CCAMLocalizationMetric'], '', 'has 2 times CCAMLocalizationMetric with'),
        (['MaxBoxAcc'], '--dump-boxes boxes', '--dump-boxes needs mmccam.CCAMLocaliza'),
        (['MaxBoxAcc'], '--out a.png', '--out a.png needs mmccam.LocalizationErrors'),
        ([], '--dump-maps maps', '--dump-maps needs a metric of a map in the test'),
        ([], '--thresholds', r'no file .*small_config.thresholds.json: thresholds'),
    ],
)
def test_metrics_that_do_not_fit_are_refused(run, tmp_path, metrics, options, message):
    config = tmp_path / 'config.py'
    metrics = [dict(type=f'mmccam.{metric}', cam='cam') for metric in metrics]
    config.write_text(f'_base_ = {str(CONFIG)!r}\ntest_evaluator = {metrics}\n')
    line = run.refused('test.py', config, CONFIG, *options.split())  # CONFIG: any file
    assert re.search(f'test.py: .*{message}', line)


@pytest.mark.parametrize(
    ('tool', 'names'),
    [
        ('test.py', ['a.json', 'folder.md']),
        ('search_threshold.py', ['folder.json']),
        ('make_pseudo_boxes.py', ['file/a.json']),
        ('eval_maps.py', ['folder.json']),
    ],
)
def test_a_result_that_cannot_be_written_is_told_before(
    run, run_here, tmp_path, tool, names
):
    for folder in ('folder.json', 'folder.md'):
        (tmp_path / folder).mkdir()
    (tmp_path / 'file').write_text('')
    outs = [tmp_path / name for name in names]
    # The checkpoint, or the maps, would be refused when they are read.
    arguments = (tool, CONFIG, CONFIG, '--out', *outs)
    code, _, errors = run_here(*arguments)
    assert code == 2
    assert re.match(f'{tool}: .*(folder|file)', errors.splitlines()[-1])
    assert not any(path.is_file() for path in outs)


def test_a_second_training_in_a_folder_is_refused(run, tmp_path):
    with one_writer(tmp_path):
        line = run.refused('train.py', CONFIG, work_dir=tmp_path)
    assert f'another process writes to {tmp_path}' in line
    assert not any(tmp_path.iterdir())


def test_thresholds_that_nothing_uses_are_refused(run, searched):
    fixed = [f'test_evaluator.{place}.threshold=0.3' for place in (1, 2, 5, 6)]
    arguments = ('test.py', CONFIG, run.checkpoint, '--thresholds')
    line = run.refused(*arguments, options=fixed)
    assert line.startswith('test.py: --thresholds: no metric of')


def test_a_threshold_is_not_chosen_on_the_test_split(run, tmp_path):
    arguments = ('search_threshold.py', CONFIG, CONFIG, '--out', tmp_path / 'same.json')
    line = run.refused(*arguments, options=['val_dataloader.dataset.split=test'])
    assert 'validation and test split of the config are the same' in line


def test_a_checkpoint_of_another_network_is_refused(run, trained, tmp_path):
    arguments = ('test.py', CONFIG, run.checkpoint, '--out', tmp_path / 'other.json')
    line = run.refused(*arguments, options=['model.backbone.non_local_stages=()'])
    assert ' 13 further weights, first' in line
    assert not (tmp_path / 'other.json').exists()


def test_a_run_of_another_network_is_not_resumed(run, trained):
    options = ['model.backbone.non_local_stages=()', 'train_cfg.max_epochs=3']
    line = run.refused('train.py', CONFIG, '--resume', options=options)
    assert ' 13 further weights, first' in line


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ('model.head.num_classes=3', r'`num_classes` \(3\) in GAPClsHead .* 12'),
        ('train_dataloader.dataset.data_root=nowhere', 'there is no nowhere/classes'),
        ('val_evaluator.1.cam=heat', r'the head makes no map "heat", only'),
        # Not used before the test, but checked before the training.
        ('test_evaluator.1.cam=heat', r'the head makes no map "heat", only'),
        # Read and built before the training.
        ('trian_cfg.max_epochs=1', 'the option trian_cfg.max_epochs is refused'),
        ('+test_evaluator.1.treshold=1', "unexpected keyword argument 'treshold'"),
        (
            'optim_wrapper.optimizer.lr=fast',
            "optim_wrapper = .*'fast'.* cannot be",
        ),
        (
            'param_scheduler.0.end=never',
            "param_scheduler = .*'never'.* cannot be",
        ),
        ('train_cfg.val_interval=0', 'train_cfg needs .* at least 1, got 4 and 0'),
        ('model.head.cams.ccam.type=mmccam.Cubic', 'mmccam.Cubic is not in the '),
    ],
)
def test_a_wrong_config_is_refused_before_training(run, option, message):
    line = run.refused('train.py', CONFIG, options=[option], work_dir='wrong')
    assert re.match(f'train.py: .*{message}', line)


def test_a_loss_that_is_not_finite_ends_training(run):
    options = ['optim_wrapper.optimizer.lr=1e30', 'param_scheduler=None']
    line = run.refused('train.py', CONFIG, options=options, work_dir='infinite')
    assert re.match(r'train.py: the loss is nan in epoch \d, batch \d, of the', line)
    (log,) = (run.folder / 'infinite').glob('*/*.log')
    assert 'Traceback' in log.read_text()
    assert log.read_text().splitlines()[-1].count('.jpg') == 6


@pytest.fixture
def broken_image(run):
    """An image of the training split that is cut off while a test runs."""
    path = sorted((run.data / 'images/train').rglob('*.jpg'))[0]
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    yield path
    path.write_bytes(data)


def test_unreadable_images_end_training_or_are_counted(run, broken_image):
    line = run.refused('train.py', CONFIG, work_dir='unreadable')
    assert line.startswith(f'train.py: cannot read the image {broken_image}')

    arguments = ('train.py', CONFIG, '--skip-unreadable', '--no-validate')
    options = ['train_cfg.max_epochs=1']
    log = run.checked(*arguments, options=options, work_dir='passed_over')
    listed = (run.folder / 'passed_over/unreadable.txt').read_text().splitlines()
    assert [line.split('\t')[0] for line in listed] == [str(broken_image)]
    assert '1 images could not be read and are passed over' in log
    assert f'{broken_image}' in log
