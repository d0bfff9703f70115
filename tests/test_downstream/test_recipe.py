"""The recipe of docs/downstream.md: from image labels to a detector of MMDetection."""

import re
import subprocess

import fork_server
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from toolboxes import CONFIGS, ROOT, import_or_skip

from mmccam.datasets import WSOLDataset
from mmccam.datasets.demo import generate_demo
from mmccam.registry import MODELS

DOCS = ROOT / 'docs/downstream.md'


@pytest.mark.parametrize('path', sorted(CONFIGS.rglob('*.py')), ids=lambda p: p.stem)
def test_the_docs_show_the_config(path):
    assert f'```python\n{path.read_text()}```' in DOCS.read_text()


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Run a command of a shell, in a folder like a clone with small demo data."""
    import_or_skip('mmdet')
    folder = tmp_path_factory.mktemp('clone')
    for name in ('configs', 'mmccam', 'tools'):
        (folder / name).symlink_to(ROOT / name)
    generate_demo(folder / 'data/demo', num_train=2, num_val=1, num_test=1)

    def run(command):
        process = subprocess.run(
            ['bash', '-euc', command],
            cwd=folder,
            env=dict(fork_server.environment(), PYTHONPATH=str(ROOT)),
            capture_output=True,
            text=True,
        )
        assert process.returncode == 0, process.stderr[-3000:]
        return process.stdout + process.stderr

    run.folder = folder
    return run


@pytest.fixture(scope='module')
def boxes(run):
    """Boxes of a classifier that has learnt nothing; their folder."""
    cfg = Config.fromfile(ROOT / 'configs/nlccam_demo.py')
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        classifier = MODELS.build(cfg.model)
    checkpoint = run.folder / 'work_dirs/nlccam_demo/epoch_4.pth'
    checkpoint.parent.mkdir(parents=True)
    torch.save(dict(state_dict=classifier.state_dict(), meta={}), checkpoint)
    tool = f'python tools/make_pseudo_boxes.py configs/nlccam_demo.py {checkpoint}'
    for split, name in (('train', 'train'), ('test', 'ccam.gt')):
        run(f'{tool} --split {split} --out work_dirs/pseudo_boxes/{name}.json')
    return run.folder / 'work_dirs/pseudo_boxes'


@pytest.mark.slow
def test_mmdet_loads_the_boxes(run, boxes, monkeypatch):
    monkeypatch.chdir(run.folder)
    from mmdet.registry import DATASETS

    cfg = Config.fromfile(CONFIGS / 'retinanet_demo.py')
    with DefaultScope.overwrite_default_scope('mmdet'):
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        (sample, *_) = dataset

    labelled = WSOLDataset('data/demo')
    assert dataset.metainfo['classes'] == tuple(labelled.metainfo['classes'])
    assert len(dataset) == len(labelled)
    for index in range(len(labelled)):
        info, expected = (each.get_data_info(index) for each in (dataset, labelled))
        assert info['img_path'] == expected['img_path']
        labels = [box['bbox_label'] for box in info['instances']]
        assert labels == [expected['gt_label']]
    assert sample['inputs'].shape[0] == 3
    assert sample['data_samples'].gt_instances.bboxes.shape == (1, 4)


@pytest.mark.slow
def test_mmdet_trains_on_the_boxes(run, boxes):
    blocks = re.findall('```bash\n(.*?)```', DOCS.read_text(), re.S)
    (command,) = [block for block in blocks if 'train.py configs/downstream' in block]

    log = run(command)

    losses = [float(loss) for loss in re.findall(r' loss: (\S+)', log)]
    assert losses and all(0 < loss < 100 for loss in losses)
    assert 'Epoch(val) [2]' in log
    assert (run.folder / 'work_dirs/retinanet_demo/epoch_2.pth').is_file()
