import pickle
from threading import Event

import cv2
import numpy as np
import pytest
import torch
from predictions import evaluate, sample_of

from mmccam.evaluation import LocalizationMetric
from mmccam.evaluation.metric import MAX_PENDING
from mmccam.registry import METRICS

MAP = np.arange(6).reshape(2, 3)
MANY = MAX_PENDING + 10
SAMPLES = [sample_of(MAP, number=number) for number in range(MANY)]


class Order(LocalizationMetric):
    """Gives back the numbers of the images, in the order of the records."""

    broken: tuple = ()  # numbers of images that it cannot make the record of

    def record(self, sample, cam):
        if sample['number'] in self.broken:
            raise ValueError(f'cannot evaluate {sample["number"]}')
        return sample['number']

    def summarize(self, records):
        return dict(numbers=records)


@pytest.mark.parametrize('batch', [1, 7, MANY])
def test_records_keep_the_order_of_the_images(batch):
    values = evaluate(Order('cam'), SAMPLES, batch)
    assert values == dict(numbers=list(range(MANY)))


def test_process_does_not_wait_for_records_and_a_slow_one_keeps_its_place():
    may_start = Event()

    class SlowFirst(Order):
        def record(self, sample, cam):
            assert sample['number'] or may_start.wait(timeout=10)
            return sample['number']

    metric = SlowFirst('cam')
    metric.process({}, SAMPLES[:MAX_PENDING])
    assert metric.results == []
    may_start.set()
    assert metric.evaluate(MAX_PENDING)['cam/numbers'] == list(range(MAX_PENDING))


def test_pending_records_are_bounded():
    metric = Order('cam')
    metric.process({}, SAMPLES)
    assert len(metric.results) == len(SAMPLES) - MAX_PENDING


def test_the_first_error_is_raised_and_nothing_is_left_of_it():
    metric = Order('cam')
    metric.broken = (1, 2)
    metric.process({}, SAMPLES[:4])
    with pytest.raises(ValueError, match='cannot evaluate 1'):
        metric.evaluate(4)
    for _ in range(2):  # nor of an evaluation without an error
        assert evaluate(metric, SAMPLES[3:5]) == dict(numbers=[3, 4])


def test_error_of_a_long_run_is_raised_early():
    metric = Order('cam')
    metric.broken = (0,)
    with pytest.raises(ValueError, match='cannot evaluate 0'):
        metric.process({}, SAMPLES[: MAX_PENDING + 1])


def test_repeated_images_are_cut_off():
    # A distributed sampler repeats images so that all processes have equally many.
    metric = Order('cam')
    metric.process({}, SAMPLES[:5])
    assert metric.evaluate(3)['cam/numbers'] == [0, 1, 2]


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_scores_that_are_nan_or_infinite_are_refused(value):
    sample = sample_of(MAP, number=0, pred_score=torch.tensor([0.5, value]))
    with pytest.raises(ValueError, match='scores of bird.jpg are NaN or infinite'):
        Order('cam').process({}, [sample])


DEGENERATE = [
    *(np.full((2, 3), value) for value in (0.7, np.nan)),
    *([[0, 1, value], [2, 3, 4]] for value in (np.nan, np.inf)),
]


def test_degenerate_maps_are_counted_in_one_warning(log):
    samples = [sample_of(MAP, number=0)] * 3
    evaluate(Order('cam'), samples)
    assert log.messages == []
    samples += [sample_of(cam, number=1) for cam in DEGENERATE]
    evaluate(Order('cam', prefix='p'), samples)
    assert log.messages == ['p: 4 of 7 maps are constant, NaN or infinite']


@pytest.mark.parametrize(
    'name', [name for name in METRICS.module_dict if not name.startswith('Dump')]
)
class TestEachMetric:
    """What holds for all metrics of the package but those that write files."""

    @pytest.fixture
    def metric(self, name):
        return METRICS.build(dict(type=f'mmccam.{name}', map_name='cam'))

    @pytest.fixture
    def scored(self, tmp_path, name):
        """A prediction with boxes, or with a mask where the metric needs one."""

        def scored(cam):
            height, width = np.shape(cam)
            mask = str(tmp_path / f'{height}.png')
            cv2.imwrite(mask, np.ones((height, width), np.uint8))
            if name == 'PxAP':
                return sample_of(cam, loc_masks=[mask])
            boxes = [(0, 0, width - 1, height - 1)]
            return sample_of(cam, boxes, pred_score=torch.eye(1000)[3])

        return scored

    def test_names_begin_with_the_map(self, metric, scored, name):
        metric.process({}, [scored(cam) for cam in (MAP, *DEGENERATE, MAP)])
        values = metric.evaluate(6)
        assert {name.split('/')[0] for name in values} == {'cam'}
        assert values[f'cam/{name}_degenerate_maps'] == 4

    def test_former_keyword_of_the_map(self, name):
        built = METRICS.build(dict(type=f'mmccam.{name}', cam='ccam', prefix='p'))
        assert (built.map_name, built.prefix) == ('ccam', 'p')

    def test_records_are_small(self, metric, scored):
        cam = np.arange(56 * 56).reshape(56, 56)
        metric.process({}, 15 * [scored(cam)])
        metric._finish(0)
        assert len(pickle.dumps(metric.results)) < 15 * 5000


def test_map_of_unknown_name_is_refused_at_once():
    with pytest.raises(ValueError, match='the head makes no map "ccam"'):
        Order('ccam').process({}, SAMPLES[:1])


def test_a_metric_may_have_the_map_of_another_class_than_the_true_one():
    class OfClass4(Order):
        def target_class(self, sample):
            return 4

        def record(self, sample, cam):
            return cam[0, 0].item()

    maps = torch.arange(3.0)[:, None, None].expand(3, 2, 5)
    sample = sample_of(MAP, cam_labels=torch.tensor([7, 3, 4]), cams=dict(cam=maps))
    assert evaluate(OfClass4('cam'), [sample]) == dict(numbers=[2])
