import io
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.visualization import Visualizer
from mmpretrain.structures import DataSample
from PIL import Image

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
    loader, evaluator = SimpleNamespace(dataset=dataset, batch_size=1), Mock()
    evaluator.metrics = metrics
    loaders = {f'{mode}_dataloader': loader for mode in ('train', 'val', 'test')}
    evaluators = {f'{mode}_evaluator': evaluator for mode in ('val', 'test')}
    return SimpleNamespace(visualizer=visualizer, epoch=epoch, **loaders, **evaluators)


def map_hook(**arguments):
    arguments = dict(cam='cam', **arguments)
    return HOOKS.build(dict(type='mmccam.LocalizationVisualizationHook', **arguments))


def worst_hook():
    return HOOKS.build(dict(type='mmccam.WorstImagesHook'))


def test_maps_are_side_by_side_and_one_has_its_box(draw, sample):
    hook = map_hook(more_cams=['ccam'])

    ((name, picture, step),) = draw(hook, 'val_iter', samples=[sample])

    assert (name, step) == ('cam_00000', 4)
    # Title and captions above three panels of 320 x 160.
    assert picture.shape == (28 + 28 + 8 + 160, 3 * 320 + 2 * 8, 3)
    blue = (picture == PREDICTED).all(axis=2)
    boxes = [blue[:, left : left + 320].any() for left in (0, 328, 656)]
    assert boxes == [True, True, False]


def test_pictures_have_the_names_of_files(draw, sample, photo):
    sample.set_metainfo(photo)

    ((name, _, step),) = draw(map_hook(), 'test_iter', samples=[sample])

    assert (name, step) == ('cam_00000_photo', 0)


def test_images_are_spread_over_the_data_set(draw, sample):
    hook = map_hook(num_images=1)

    drawn = [draw(hook, 'val_iter', samples=[sample], batch_idx=i) for i in (0, 1)]

    assert list(map(len, drawn)) == [1, 0]


def test_nothing_is_drawn_in_training(draw, sample, metric_of, outcome):
    metric = metric_of(best=[outcome()])

    assert draw(map_hook(), 'train_iter', samples=[sample]) == []
    assert draw(worst_hook(), 'train_epoch', metric) == []


def test_no_pictures_are_refused():
    with pytest.raises(ValueError, match='num_images must be 1 or more, got 0'):
        map_hook(num_images=0)


def test_pictures_have_map_kind_and_rank_in_their_name(draw, metric_of, outcome, photo):
    strict = metric_of('a/strict', class_wrong=[outcome(photo, 'class_wrong')])
    # The second image has no file: it comes from the data set.
    small, large = [outcome(photo), outcome()], [outcome(photo, 'too_large')]
    other = CCAMLocalizationMetric('ccam')

    drawn = draw(
        worst_hook(),
        'test_epoch',
        strict,
        other,
        metric_of(too_small=small, too_large=large),
    )

    # No slash, with which the local backend writes nothing.
    assert [(name, step) for name, _, step in drawn] == [
        ('sheet_a_strict', 0),
        ('worst_a_strict_class_wrong_01_photo', 0),
        ('sheet_ccam', 0),
        ('worst_ccam_too_small_01_photo', 0),
        ('worst_ccam_too_small_02_00012', 0),
        ('worst_ccam_too_large_01_photo', 0),
    ]


@pytest.mark.parametrize(
    ('metric', 'warnings'), [(CCAMLocalizationMetric, 1), (LocalizationErrors, 0)]
)
def test_warning_where_the_metric_is_missing(metric, warnings):
    logger = Mock()
    evaluator = Evaluator([metric('ccam')])
    worst_hook().before_test(SimpleNamespace(test_evaluator=evaluator, logger=logger))
    messages = [call.args[0] for call in logger.warning.call_args_list]
    assert len(messages) == warnings
    assert all('needs mmccam.LocalizationErrors' in message for message in messages)


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
