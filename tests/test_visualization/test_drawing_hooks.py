import io
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from mmengine.visualization import Visualizer
from mmpretrain.structures import DataSample
from PIL import Image

from mmccam.datasets.transforms import read_rgb
from mmccam.evaluation import CCAMLocalizationMetric, LocalizationErrors
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


@pytest.fixture
def draw(images):
    """Run a hook, and return the names, pictures and steps of what it draws."""

    def draw(hook, stage, *metrics, samples=None, batch_idx=0):
        runner = runner_of(Mock(), images(), metrics)
        arguments = (batch_idx, None, samples) if samples else ()
        getattr(hook, f'after_{stage}')(runner, *arguments)
        calls = runner.visualizer.add_image.call_args_list
        return [(*call.args, *call.kwargs.values()) for call in calls]

    return draw


def runner_of(visualizer, dataset, metrics, epoch=4):
    loader, evaluator = Mock(dataset=dataset, batch_size=1), Mock(metrics=metrics)
    return Mock(
        visualizer=visualizer,
        epoch=epoch,
        **dict.fromkeys(('val_dataloader', 'test_dataloader'), loader),
        **dict.fromkeys(('val_evaluator', 'test_evaluator'), evaluator),
    )


def map_hook(**arguments):
    arguments = dict(cam='cam', **arguments)
    return HOOKS.build(dict(type='mmccam.LocalizationVisualizationHook', **arguments))


def worst_hook():
    return HOOKS.build(dict(type='mmccam.WorstImagesHook'))


def test_one_of_the_maps_has_its_box(draw, sample):
    hook = map_hook(more_cams=['ccam'])

    ((name, picture, step),) = draw(hook, 'val_iter', samples=[sample])

    assert (name, step) == ('cam_00000', 4)
    blue = (picture == PREDICTED).all(axis=2)
    boxes = [blue[:, left : left + 320].any() for left in (0, 328, 656)]
    assert boxes == [True, True, False]


def test_some_images_are_drawn_with_the_name_of_their_file(draw, sample, photo):
    sample.set_metainfo(photo)
    hook = map_hook(num_images=1)

    (first,) = draw(hook, 'test_iter', samples=[sample])
    assert (first[0], first[2]) == ('cam_00000_photo', 0)
    assert draw(hook, 'test_iter', samples=[sample], batch_idx=1) == []


def test_nothing_is_drawn_in_training_or_of_no_images(draw, sample, metric_of, outcome):
    assert draw(map_hook(), 'train_iter', samples=[sample]) == []
    assert draw(worst_hook(), 'train_epoch', metric_of(best=[outcome()])) == []
    with pytest.raises(ValueError, match='num_images must be 1 or more, got 0'):
        map_hook(num_images=0)


def test_pictures_have_map_kind_and_rank_in_their_name(draw, metric_of, outcome, photo):
    strict = metric_of('a/strict', class_wrong=[outcome(photo, 'class_wrong')])
    # The second image has no file: it comes from the data set.
    small, large = [outcome(photo), outcome()], [outcome(photo, 'too_large')]
    other = CCAMLocalizationMetric('ccam')

    found = metric_of(too_small=small, too_large=large)
    drawn = draw(worst_hook(), 'test_epoch', strict, other, found)

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
    for metric in (LocalizationErrors, CCAMLocalizationMetric):
        runner = runner_of(Mock(), None, [metric('ccam')])
        worst_hook().before_test(runner)
        if metric is LocalizationErrors:
            runner.logger.warning.assert_not_called()
    (message,) = runner.logger.warning.call_args.args
    assert 'needs mmccam.LocalizationErrors' in message


def test_pictures_go_to_the_local_backend_and_to_tensorboard(
    tmp_path, sample, images, metric_of, outcome
):
    tensorboard = pytest.importorskip(
        'tensorboard.backend.event_processing.event_accumulator'
    )
    backends = [dict(type=f'{name}VisBackend') for name in ('Local', 'Tensorboard')]
    visualizer = Visualizer(vis_backends=backends, save_dir=str(tmp_path))
    metric = metric_of(too_small=[outcome()], worst=[outcome()])
    for epoch in (1, 2):
        runner = runner_of(visualizer, images(), [metric], epoch)
        map_hook().after_val_iter(runner, 0, outputs=[sample])
        worst_hook().after_val_epoch(runner)
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
