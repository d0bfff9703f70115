import io
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from mmengine.visualization import Visualizer
from mmpretrain.structures import DataSample
from PIL import Image

from mmccam.registry import HOOKS
from mmccam.structures import ClassMaps
from mmccam.visualization.overlay import PREDICTED

# All the image, and its left half.
CAMS = dict(ccam=torch.tensor([[[1.0, 1.0, 0.9]]]), cam=torch.tensor([[[1.0, 0.0]]]))


@pytest.fixture
def sample():
    sample = DataSample(
        metainfo=dict(sample_idx=0, ori_shape=(20, 40), loc_boxes=np.ones((1, 4)))
    )
    sample.set_pred_score(torch.tensor([0.1, 0.9])).set_pred_label(1)
    ClassMaps(torch.tensor([1]), CAMS).write(sample)
    return sample


def build_hook(**arguments):
    arguments = dict(cam='cam', **arguments)
    return HOOKS.build(dict(type='mmccam.LocalizationVisualizationHook', **arguments))


def run_hook(hook, samples, images, epoch=4, mode='val', batch_idx=0):
    """The names, pictures and steps that are drawn of a batch."""
    loader = SimpleNamespace(dataset=images, batch_size=len(samples))
    runner = SimpleNamespace(visualizer=Mock(), epoch=epoch)
    setattr(runner, f'{mode}_dataloader', loader)
    getattr(hook, f'after_{mode}_iter')(runner, batch_idx, outputs=samples)
    return [call.args for call in runner.visualizer.add_image.call_args_list]


def test_maps_stand_side_by_side_and_one_has_its_box(sample, images):
    hook = build_hook(more_cams=['ccam'])

    ((name, picture, step),) = run_hook(hook, [sample], images())

    assert (name, step) == ('cam_00000', 4)
    # Title and captions above three panels of 320 x 160.
    assert picture.shape == (28 + 28 + 8 + 160, 3 * 320 + 2 * 8, 3)
    blue = (picture == PREDICTED).all(axis=2)
    assert [blue[:, left : left + 320].any() for left in (0, 328, 656)] == [
        *(True, True, False)
    ]


def test_images_are_spread_over_the_data_set(sample, images):
    hook = build_hook(num_images=1)

    drawn = [run_hook(hook, [sample], images(), batch_idx=index) for index in (0, 1)]

    assert list(map(len, drawn)) == [1, 0]


def test_nothing_is_drawn_in_training(sample, images):
    assert run_hook(build_hook(), [sample], images(), mode='train') == []


def test_unknown_map(sample, images):
    message = r'the head makes no map "first", only \[\'cam\', \'ccam\'\]'
    with pytest.raises(ValueError, match=message):
        run_hook(build_hook(more_cams=['first']), [sample], images())


def test_no_pictures_are_refused():
    with pytest.raises(ValueError, match='num_images must be 1 or more, got 0'):
        build_hook(num_images=0)


def test_pictures_go_to_the_local_backend_and_to_tensorboard(
    tmp_path, sample, images, metric_of, outcome
):
    tensorboard = pytest.importorskip(
        'tensorboard.backend.event_processing.event_accumulator'
    )
    backends = [dict(type=f'{name}VisBackend') for name in ('Local', 'Tensorboard')]
    visualizer = Visualizer(vis_backends=backends, save_dir=str(tmp_path))
    metric = metric_of(dict(best=[outcome()]))
    loader = SimpleNamespace(dataset=images(), batch_size=1)
    runner = SimpleNamespace(
        visualizer=visualizer,
        val_dataloader=loader,
        val_evaluator=SimpleNamespace(metrics=[metric]),
    )
    sheets = HOOKS.build(dict(type='mmccam.WorstImagesHook'))
    for runner.epoch in (1, 2):
        build_hook().after_val_iter(runner, 0, outputs=[sample])
        sheets.after_val_epoch(runner)
    visualizer.close()

    names = sorted(path.name for path in tmp_path.rglob('vis_image/*.png'))
    assert names == [
        *('cam_00000_1.png', 'cam_00000_2.png'),
        *('sheet_ccam_1.png', 'sheet_ccam_2.png'),
    ]
    (events,) = tmp_path.rglob('events.out.tfevents.*')
    board = tensorboard.EventAccumulator(str(events)).Reload()
    assert board.Tags()['images'] == ['cam_00000', 'sheet_ccam']
    for tag in board.Tags()['images']:
        assert [image.step for image in board.Images(tag)] == [1, 2]
        encoded = board.Images(tag)[0].encoded_image_string
        (path,) = tmp_path.rglob(f'{tag}_1.png')
        with Image.open(io.BytesIO(encoded)) as one, Image.open(path) as other:
            assert (np.asarray(one) == np.asarray(other)).all()
