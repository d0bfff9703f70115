import json
from copy import deepcopy

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dataset import default_collate
from PIL import Image

from mmccam import CCAMInferencer
from mmccam.evaluation import build_box_rule

CAMS = ['cam', 'ccam']


def localize(inferencer, inputs, **kwargs):
    return inferencer(inputs, show_progress=False, **kwargs)


def test_a_result_is_plain(inferencer, images):
    path = str(images / 'a/2.png')
    (result,) = localize(inferencer, path)
    assert json.loads(json.dumps(result)) == result
    (prediction,) = result.pop('predictions')
    assert result == dict(img_path=path, width=26, height=28)
    assert list(prediction) == ['label', 'class_name', 'score', 'box']
    assert prediction['class_name'] == ('cat', 'dog', 'emu')[prediction['label']]


def test_scores_maps_and_boxes_are_those_of_the_config(inferencer, cfg, images):
    path = str(images / 'a/2.png')
    (result,) = localize(inferencer, path, return_cams=True)
    pipeline = Compose(cfg.copy().test_dataloader.dataset.pipeline)
    batch = default_collate([pipeline(dict(img_path=path))])
    with torch.no_grad():
        (sample,) = inferencer.model.test_step(batch)
    (prediction,) = result['predictions']
    assert prediction['label'] == sample.pred_label
    assert prediction['score'] == sample.pred_score.max()
    for name in CAMS:
        cam = prediction['cams'][name]
        np.testing.assert_array_equal(cam, sample.cams[name][0])
        assert cam.shape == (8, 8)
    box = build_box_rule('largest_component')(prediction['cams']['ccam'], (26, 28))
    assert prediction['box'] == list(box)


@pytest.mark.parametrize('batch_size', [1, 2, 5, 8])
def test_results_come_in_order_for_any_batch_size(inferencer, images, batch_size):
    results = localize(inferencer, images, batch_size=batch_size)
    names = ['a/0', 'a/2', 'a/4', 'b/1', 'b/3']
    assert [result['img_path'] for result in results] == [
        str(images / f'{name}.png') for name in names
    ]
    for result in results:
        (alone,) = localize(inferencer, result['img_path'])
        scores = [one['predictions'][0].pop('score') for one in (result, alone)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-6)
        assert result == alone


def test_an_array_is_bgr(inferencer, images):
    path = str(images / 'b/1.png')
    from_path, from_array = localize(inferencer, [path, cv2.imread(path)])
    assert from_array.pop('img_path') is None
    assert from_path.pop('img_path') == path
    assert from_array == from_path


def test_a_gray_array_is_a_gray_picture(inferencer, tmp_path):
    gray = np.arange(20 * 30, dtype=np.uint8).reshape(20, 30)
    Image.fromarray(gray).save(tmp_path / 'gray.png')
    one, other = localize(inferencer, [str(tmp_path / 'gray.png'), gray])
    assert one['predictions'] == other['predictions']


def test_guesses_are_ranked_and_have_their_own_maps(checkpoint, images):
    inferencer = CCAMInferencer(pretrained=checkpoint, num_guesses=3)
    (result,) = localize(inferencer, images / 'a/0.png', return_cams=True)
    predictions = result['predictions']
    scores = [prediction['score'] for prediction in predictions]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1, abs=1e-6)
    first, second, _ = (prediction['cams']['cam'] for prediction in predictions)
    assert not np.array_equal(first, second)


def test_another_map_rule_and_threshold(checkpoint, images):
    inferencer = CCAMInferencer(
        pretrained=checkpoint, cam='ccam', box_rule='nlccam_released', threshold=0.5
    )
    (result,) = localize(inferencer, images / 'a/0.png', return_cams=True)
    (prediction,) = result['predictions']
    rule = build_box_rule('released_nlccam', 0.5)
    box = rule(prediction['cams']['ccam'], (30, 20))
    assert prediction['box'] == list(box)


def test_other_combination_functions(checkpoint, images):
    cams = dict(last=dict(type='mmccam.TopBottom', i=0, j=1))
    inferencer = CCAMInferencer(pretrained=checkpoint, cams=cams)
    (result,) = localize(inferencer, images / 'a/0.png', return_cams=True)
    assert list(result['predictions'][0]['cams']) == ['last']


def test_another_size_of_the_input(checkpoint, images):
    inferencer = CCAMInferencer(pretrained=checkpoint, size=32)
    (result,) = localize(inferencer, images / 'a/0.png', return_cams=True)
    assert result['predictions'][0]['cams']['cam'].shape == (16, 16)


def test_images_are_read_two_batches_ahead_at_most(inferencer):
    asked = []

    def endless():
        while True:
            asked.append(1)
            yield np.zeros((20, 30, 3), np.uint8)

    results = inferencer.stream(endless(), batch_size=3, show_progress=False)
    assert not asked
    for number in range(10):
        next(results)
        assert len(asked) <= 3 * (number // 3 + 2)
    results.close()


def test_an_unreadable_image_ends_the_work(inferencer, images):
    (images / 'a/1.png').write_bytes(b'no image')
    with pytest.raises(ValueError, match='cannot read the image .*a/1.png'):
        localize(inferencer, images)


def test_unreadable_images_are_passed_over(inferencer, images):
    (images / 'a/1.png').write_bytes(b'no image')
    results = localize(inferencer, images, batch_size=2, skip_unreadable=True)
    assert list(results[1]) == ['img_path', 'error']
    assert results[1]['error'].startswith('cannot read the image')
    assert ['predictions' in result for result in results] == [1, 0, 1, 1, 1, 1]


def test_a_batch_of_unreadable_images(inferencer, tmp_path):
    for name in 'ab':
        (tmp_path / f'{name}.png').write_bytes(b'no image')
    results = localize(inferencer, tmp_path, skip_unreadable=True)
    assert ['error' in result for result in results] == [True, True]


def test_a_config_beside_the_checkpoint(config, checkpoint, inferencer, images):
    other = CCAMInferencer(config, checkpoint)
    assert localize(other, images) == localize(inferencer, images)


def test_classes_of_the_user(checkpoint, images):
    inferencer = CCAMInferencer(pretrained=checkpoint, classes=['a', 'b', 'c'])
    (result,) = localize(inferencer, images / 'a/0.png')
    assert result['predictions'][0]['class_name'] in 'abc'


def test_classes_without_names_are_numbers(config, checkpoint, tmp_path, images):
    weights = torch.load(checkpoint, weights_only=True)['state_dict']
    torch.save(
        {f'module.{name}': weights[name] for name in weights}, tmp_path / 'a.pth'
    )
    inferencer = CCAMInferencer(config, tmp_path / 'a.pth')
    (result,) = localize(inferencer, images / 'a/0.png')
    prediction = result['predictions'][0]
    assert prediction['class_name'] == str(prediction['label'])


def with_classes(cfg, number):
    cfg = deepcopy(cfg)
    cfg.model.head.num_classes = number
    return cfg


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(cam='no'), r"no map \"no\", only \['cam', 'ccam'\]"),
        (dict(box_rule='no'), 'no box rule "no"'),
        (dict(threshold=1), 'threshold must be .* below 1, got 1'),
        (dict(size=0), 'size must be at least 1 pixel, got 0'),
        (dict(num_guesses=4), 'num_guesses must lie between 1 and .* 3, got 4'),
        (dict(classes=['a', 'b']), 'the network has 3 classes, but 2 names'),
        (dict(model='no_such_model'), 'Failed to find model "no_such_model"'),
        (dict(pretrained=None), 'there must be a checkpoint'),
        (dict(model=Config(dict(a=1))), 'no model'),
    ],
)
def test_wrong_arguments(checkpoint, kwargs, message):
    with pytest.raises(ValueError, match=message):
        CCAMInferencer(**dict(dict(pretrained=checkpoint), **kwargs))


def test_a_checkpoint_of_other_classes(cfg, checkpoint):
    message = f'{checkpoint} does not match the config: it has 3 classes, the config 4'
    with pytest.raises(ValueError, match=message):
        CCAMInferencer(with_classes(cfg, 4), checkpoint)


def test_a_config_without_a_size(cfg, checkpoint, images):
    cfg = Config(dict(model=cfg.model))
    with pytest.raises(ValueError, match='no size of the input .*: give a size'):
        CCAMInferencer(cfg, checkpoint)
    inferencer = CCAMInferencer(cfg, checkpoint, size=16)
    assert len(localize(inferencer, images)) == 5


def test_batches_of_no_image(inferencer, images):
    with pytest.raises(ValueError, match='batch_size must be 1 or more, got 0'):
        localize(inferencer, images, batch_size=0)


def test_the_default_map_is_that_of_the_config(cfg, checkpoint):
    inferencers = CCAMInferencer(pretrained=checkpoint), CCAMInferencer(cfg, checkpoint)
    assert [inferencer.cam for inferencer in inferencers] == ['ccam', 'ccam']


def test_of_several_maps_one_must_be_named(checkpoint):
    cams = {name: dict(type='mmccam.Polynomial', degree=1) for name in 'ba'}
    with pytest.raises(ValueError, match='the head makes the maps a, b: name one'):
        CCAMInferencer(pretrained=checkpoint, cams=cams)


@pytest.mark.parametrize('device', ['nowhere', 'meta:'])
def test_a_device_that_cannot_be_used(checkpoint, device):
    with pytest.raises(ValueError, match=f'the device {device} cannot be used: '):
        CCAMInferencer(pretrained=checkpoint, device=device)
