import io
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from mmengine.visualization import Visualizer
from mmpretrain.structures import DataSample
from outcomes import Images, metric_of, outcome
from PIL import Image

from mmccam.datasets.transforms import read_rgb
from mmccam.evaluation import CCAMLocalizationMetric, LocalizationErrors
from mmccam.structures import ClassMaps
from mmccam.visualization import LocalizationVisualizationHook as MapHook
from mmccam.visualization import WorstImagesHook
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


def draw(hook, stage, *metrics, samples=None, batch_idx=0):
    """Run a hook, and return the names, pictures and steps of what it draws."""
    runner = runner_of(Mock(_vis_backends={}), metrics)
    arguments = (batch_idx, None, samples) if samples else ()
    getattr(hook, f'after_{stage}')(runner, *arguments)
    calls = runner.visualizer.add_image.call_args_list
    return [(*call.args, *call.kwargs.values()) for call in calls]


def runner_of(visualizer, metrics, epoch=4):
    runner = Mock(visualizer=visualizer, epoch=epoch)
    runner.val_dataloader = Mock(dataset=Images(), batch_size=1)
    runner.val_evaluator = Mock(metrics=metrics)
    runner.test_dataloader = runner.val_dataloader
    runner.test_evaluator = runner.val_evaluator
    return runner


def test_one_of_the_maps_has_its_box(sample):
    hook = MapHook('cam', more_cams=['ccam'])

    ((name, picture, step),) = draw(hook, 'val_iter', samples=[sample])

    assert (name, step) == ('cam_00000', 4)
    blue = (picture == PREDICTED).all(axis=2)
    boxes = [blue[:, left : left + 320].any() for left in (0, 328, 656)]
    assert boxes == [True, True, False]


def test_some_images_are_drawn_with_the_name_of_their_file(sample, photo):
    sample.set_metainfo(photo)
    hook = MapHook('cam', num_images=1)

    (first,) = draw(hook, 'test_iter', samples=[sample])
    assert (first[0], first[2]) == ('cam_00000_photo', 0)
    assert draw(hook, 'test_iter', samples=[sample], batch_idx=1) == []


def test_nothing_is_drawn_in_training_or_of_no_images(sample):
    assert draw(MapHook('cam'), 'train_iter', samples=[sample]) == []
    assert draw(WorstImagesHook(), 'train_epoch', metric_of(best=[outcome()])) == []
    with pytest.raises(ValueError, match='num_images must be 1 or more, got 0'):
        MapHook('cam', num_images=0)


def test_pictures_have_map_kind_and_rank_in_their_name(photo):
    strict = metric_of('a/strict', class_wrong=[outcome(photo, 'class_wrong')])
    # The second image has no file: it comes from the data set.
    small, large = [outcome(photo), outcome()], [outcome(photo, 'too_large')]
    other = CCAMLocalizationMetric('ccam')

    found = metric_of(too_small=small, too_large=large)
    drawn = draw(WorstImagesHook(), 'test_epoch', strict, other, found)

    # No slash, with which the local backend writes nothing.
    assert [(name, step) for name, _, step in drawn] == [
        ('sheet_a_strict', 0),
        ('worst_a_strict_class_wrong_01_photo', 0),
        ('sheet_ccam', 0),
        ('worst_ccam_too_small_01_photo', 0),
        ('worst_ccam_too_small_02_00012', 0),
        ('worst_ccam_too_large_01_photo', 0),
    ]


def test_warning_where_the_metric_is_missing():
    runner = runner_of(Mock(), [LocalizationErrors('ccam')])
    WorstImagesHook().before_test(runner)
    runner.logger.warning.assert_not_called()
    runner = runner_of(Mock(), [CCAMLocalizationMetric('ccam')])
    WorstImagesHook().before_test(runner)
    (message,) = runner.logger.warning.call_args.args
    assert 'needs mmccam.LocalizationErrors' in message


def test_a_picture_that_is_not_written_ends_the_run(tmp_path, sample, small_disk):
    small_disk(500)
    backend = dict(type='LocalVisBackend')
    visualizer = Visualizer(vis_backends=[backend], save_dir=str(tmp_path))
    with pytest.raises(OSError, match='cannot write .*/cam_00000_4.png: the disk may'):
        MapHook('cam').after_val_iter(runner_of(visualizer, []), 0, outputs=[sample])
    assert list(tmp_path.rglob('*.png')) == []


@pytest.mark.parametrize(
    'backend',
    [
        dict(type='WandbVisBackend', init_kwargs=dict(project='a')),
        dict(type='MLflowVisBackend', exp_name='a', tracking_uri='b'),
    ],
)
def test_backends_of_the_documentation_are_built(tmp_path, backend):
    visualizer = Visualizer(vis_backends=[backend], save_dir=str(tmp_path))
    assert list(visualizer._vis_backends) == [backend['type']]


def test_pictures_go_to_the_local_backend_and_to_tensorboard(tmp_path, sample):
    tensorboard = pytest.importorskip(
        'tensorboard.backend.event_processing.event_accumulator'
    )
    backends = [dict(type=f'{name}VisBackend') for name in ('Local', 'Tensorboard')]
    visualizer = Visualizer(vis_backends=backends, save_dir=str(tmp_path))
    metric = metric_of(too_small=[outcome()], worst=[outcome()])
    for epoch in (1, 2):
        runner = runner_of(visualizer, [metric], epoch)
        MapHook('cam').after_val_iter(runner, 0, outputs=[sample])
        WorstImagesHook().after_val_epoch(runner)
    visualizer.close()

    pictures = {path.name: path for path in tmp_path.rglob('vis_image/*.png')}
    tags = ['cam_00000', 'sheet_ccam']
    assert sorted(pictures) == [f'{tag}_{n}.png' for tag in tags for n in (1, 2)]
    (events,) = tmp_path.rglob('events.out.tfevents.*')
    board = tensorboard.EventAccumulator(str(events)).Reload()
    assert board.Tags()['images'] == tags
    for tag in tags:
        first, second = board.Images(tag)
        assert (first.step, second.step) == (1, 2)
        with Image.open(io.BytesIO(first.encoded_image_string)) as image:
            one = np.asarray(image)
        assert (one == read_rgb(str(pictures[f'{tag}_1.png']))).all()
