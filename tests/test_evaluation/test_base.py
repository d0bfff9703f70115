import pickle
from threading import Event

import cv2
import numpy as np
import pytest
import torch

from mmccam.evaluation.metric import (
    MAX_PENDING,
    LocalizationMetric,
)
from mmccam.registry import METRICS

MAP = np.arange(6).reshape(2, 3)


class Order(LocalizationMetric):
    """Gives back the numbers of the images, in the order of the records."""

    def record(self, sample, cam):
        return sample['number']

    def summarize(self, records):
        return dict(numbers=records)


@pytest.fixture
def samples(sample_of):
    return [sample_of(MAP, number=number) for number in range(MAX_PENDING + 10)]


@pytest.mark.parametrize('batch', [1, 7, MAX_PENDING + 10])
def test_records_keep_the_order_of_the_images(evaluate, samples, batch):
    metric = Order('cam')
    for start in range(0, len(samples), batch):
        metric.process({}, samples[start : start + batch])
    numbers = metric.evaluate(len(samples))['cam/numbers']
    assert numbers == list(range(len(samples)))


def test_slow_record_keeps_its_place(evaluate, samples):
    second_is_done = Event()

    class SlowFirst(Order):
        def record(self, sample, cam):
            if sample['number'] == 0:
                assert second_is_done.wait(timeout=10)
            elif sample['number'] == 1:
                second_is_done.set()
            return sample['number']

    values = evaluate(SlowFirst('cam'), samples[:3])
    assert values == dict(numbers=[0, 1, 2])


def test_process_does_not_wait_for_records(samples):
    may_start = Event()

    class Blocked(Order):
        def record(self, sample, cam):
            assert may_start.wait(timeout=10)
            return sample['number']

    metric = Blocked('cam')
    metric.process({}, samples[:MAX_PENDING])
    assert metric.results == []
    may_start.set()
    assert metric.evaluate(MAX_PENDING)['cam/numbers'] == list(range(MAX_PENDING))


def test_pending_records_are_bounded(samples):
    metric = Order('cam')
    metric.process({}, samples)
    assert len(metric.results) == len(samples) - MAX_PENDING


class Broken(Order):
    """Cannot make the record of the images with these numbers."""

    broken: tuple = ()

    def record(self, sample, cam):
        if sample['number'] in self.broken:
            raise ValueError(f'cannot evaluate {sample["number"]}')
        return sample['number']


def test_error_in_a_record_is_raised_by_evaluate(samples):
    metric = Broken('cam')
    metric.broken = (2,)
    metric.process({}, samples[:4])
    with pytest.raises(ValueError, match='cannot evaluate 2'):
        metric.evaluate(4)


def test_the_first_error_is_raised(samples):
    metric = Broken('cam')
    metric.broken = (1, 2)
    metric.process({}, samples[:4])
    with pytest.raises(ValueError, match='cannot evaluate 1'):
        metric.evaluate(4)


def test_error_of_a_long_run_is_raised_early(samples):
    metric = Broken('cam')
    metric.broken = (0,)
    metric.process({}, samples[:MAX_PENDING])
    with pytest.raises(ValueError, match='cannot evaluate 0'):
        metric.process({}, samples[MAX_PENDING : MAX_PENDING + 1])


def test_nothing_is_left_of_an_evaluation_with_an_error(evaluate, samples):
    metric = Broken('cam')
    metric.broken = (1,)
    metric.process({}, samples[:3])
    with pytest.raises(ValueError, match='cannot evaluate 1'):
        metric.evaluate(3)
    assert evaluate(metric, samples[3:5]) == dict(numbers=[3, 4])


def test_metric_can_be_used_again(evaluate, samples):
    metric = Order('cam')
    evaluate(metric, samples[:3])
    assert evaluate(metric, samples[3:5]) == dict(numbers=[3, 4])


def test_repeated_images_are_cut_off(samples):
    # A distributed sampler repeats images so that all processes have equally many.
    metric = Order('cam')
    metric.process({}, samples[:5])
    assert metric.evaluate(3)['cam/numbers'] == [0, 1, 2]


DEGENERATE = [
    np.full((2, 3), 0.7),
    np.full((2, 3), np.nan),
    [[0, 1, np.nan], [2, 3, 4]],
    [[0, 1, np.inf], [2, 3, 4]],
]


def test_degenerate_maps_are_counted_in_one_warning(evaluate, sample_of, log):
    maps = [MAP, *DEGENERATE, MAP]
    samples = [sample_of(cam, number=i) for i, cam in enumerate(maps)]
    evaluate(Order('cam', prefix='p'), samples)
    assert log.messages == ['p: 4 of 6 maps are constant or not finite']


@pytest.mark.parametrize(
    'name',
    [name for name in METRICS.module_dict if not name.startswith('Dump')],
)
class TestEachMetric:
    """What holds for all metrics of the package but those that write files."""

    @pytest.fixture
    def metric(self, name):
        return METRICS.build(dict(type=f'mmccam.{name}', cam='cam'))

    @pytest.fixture
    def scored(self, sample_of, tmp_path, name):
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

    def test_degenerate_maps_are_counted(self, metric, scored, name):
        maps = [MAP, *DEGENERATE, MAP]
        metric.process({}, [scored(cam) for cam in maps])
        assert metric.evaluate(6)[f'cam/{name}_degenerate_maps'] == 4

    def test_records_are_small(self, metric, scored):
        cam = np.random.default_rng(0).random((56, 56))
        metric.process({}, 40 * [scored(cam)])
        metric._finish(0)
        assert len(pickle.dumps(metric.results)) < 40 * 5000


def test_good_maps_give_no_warning(evaluate, samples, log):
    evaluate(Order('cam'), samples[:3])
    assert log.messages == []


def test_names_begin_with_the_map(samples):
    metric = Order('cam')
    metric.process({}, samples[:1])
    assert set(metric.evaluate(1)) == {'cam/numbers', 'cam/Order_degenerate_maps'}


def test_map_of_unknown_name_is_refused_at_once(samples):
    message = r"""the head makes no map "ccam", only \['cam'\]: add it to the cams"""
    with pytest.raises(ValueError, match=message):
        Order('ccam').process({}, samples[:1])


@pytest.fixture
def sample_of_three(sample_of):
    """A prediction with maps of 0, 1 and 2 for the classes 7, 2 and 4, true is 2."""
    maps = torch.arange(3.0)[:, None, None].expand(3, 2, 5)
    return dict(
        sample_of(MAP),
        cams=dict(cam=maps),
        cam_labels=torch.tensor([7, 2, 4]),
        gt_label=torch.tensor([2]),
    )


class Value(LocalizationMetric):
    """Gives back a value of each map."""

    def record(self, sample, cam):
        return cam[0, 0].item()

    def summarize(self, records):
        return dict(values=records)


def test_the_map_is_that_of_the_true_class(evaluate, sample_of_three):
    assert evaluate(Value('cam'), [sample_of_three]) == dict(values=[1])


def test_the_map_is_that_of_the_class_a_metric_names(evaluate, sample_of_three):
    class OfFour(Value):
        def target_class(self, sample):
            return 4

    assert evaluate(OfFour('cam'), [sample_of_three]) == dict(values=[2])
