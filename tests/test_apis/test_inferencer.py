import json

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dataset import default_collate

from mmccam import CCAMInferencer
from mmccam.apis.network import resize_whole
from mmccam.evaluation import build_box_rule


def localize(inferencer, inputs, **kwargs):
    return inferencer(inputs, show_progress=False, **kwargs)


@pytest.fixture
def one(images):
    """An image of 30 x 20 pixels."""
    return str(images / 'a/0.png')


def predict(inferencer, image):
    """The only prediction for an image, with its maps."""
    (result,) = localize(inferencer, image, return_cams=True)
    (prediction,) = result['predictions']
    return prediction


def test_a_result_is_plain(inferencer, one):
    (result,) = localize(inferencer, one)
    assert json.loads(json.dumps(result)) == result
    (prediction,) = result.pop('predictions')
    assert result == dict(img_path=one, width=30, height=20)
    assert list(prediction) == ['label', 'class_name', 'score', 'box']
    assert prediction['class_name'] == ('cat', 'dog', 'emu')[prediction['label']]


def test_scores_maps_and_boxes_are_those_of_the_config(inferencer, cfg, one):
    prediction = predict(inferencer, one)
    pipeline = Compose(cfg.copy().test_dataloader.dataset.pipeline)
    batch = default_collate([pipeline(dict(img_path=one))])
    with torch.no_grad():
        (sample,) = inferencer.model.test_step(batch)
    assert prediction['label'] == sample.pred_label
    assert prediction['score'] == sample.pred_score.max()
    assert list(prediction['cams']) == ['cam', 'ccam']
    for name, cam in prediction['cams'].items():
        np.testing.assert_array_equal(cam, sample.cams[name][0])
        assert cam.shape == (8, 8)
    box = build_box_rule('largest_component')(prediction['cams']['ccam'], (30, 20))
    assert prediction['box'] == list(box)


def test_results_come_in_order_for_any_batch_size(inferencer, images):
    results = localize(inferencer, images, batch_size=2)
    names = ['a/0.png', 'a/2.png', 'a/4.png', 'b/1.png', 'b/3.png']
    paths = [str(images / name) for name in names]
    assert [result['img_path'] for result in results] == paths
    for result in results:
        (alone,) = localize(inferencer, result['img_path'])
        scores = [each['predictions'][0].pop('score') for each in (result, alone)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-6)
        assert result == alone


@pytest.mark.parametrize('shape', [(20, 30, 3), (20, 30)], ids=['BGR', 'gray'])
def test_arrays_and_files_have_the_same_results(inferencer, tmp_path, shape):
    array = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    path = str(tmp_path / 'image.png')
    cv2.imwrite(path, array)
    from_path, from_array = localize(inferencer, [path, array])
    assert from_path == dict(from_array, img_path=path)
    assert from_array['img_path'] is None


def test_guesses_are_ranked_and_have_their_own_maps(checkpoint, one):
    inferencer = CCAMInferencer(pretrained=checkpoint, num_guesses=3)
    (result,) = localize(inferencer, one, return_cams=True)
    predictions = result['predictions']
    scores = [prediction['score'] for prediction in predictions]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1, abs=1e-6)
    first, second, _ = (prediction['cams']['cam'] for prediction in predictions)
    assert not np.array_equal(first, second)


def test_other_maps_rule_threshold_and_size_of_the_input(checkpoint, one):
    cams = dict(a=dict(type='mmccam.TopBottom', i=1, j=1))
    cams['b'] = dict(type='mmccam.TopBottom', i=0, j=2)
    rule = dict(box_rule='released_nlccam', threshold=0.5)
    inferencer = CCAMInferencer(None, checkpoint, 'b', cams=cams, size=32, **rule)
    prediction = predict(inferencer, one)
    assert [cam.shape for cam in prediction['cams'].values()] == [(16, 16)] * 2
    box = build_box_rule('released_nlccam', 0.5)(prediction['cams']['b'], (30, 20))
    # The rule ends behind the last pixel, the box does not.
    assert (box, prediction['box']) == ((2, 0, 30, 20), [2, 0, 29, 19])


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


@pytest.mark.parametrize('batch_size', [1, 2])  # nothing else in its batch, or others
def test_unreadable_images_are_passed_over(inferencer, images, batch_size):
    (images / 'a/1.png').write_bytes(b'no image')
    results = localize(inferencer, images, batch_size=batch_size, skip_unreadable=True)
    assert list(results[1]) == ['img_path', 'error']
    assert results[1]['error'].startswith('cannot read the image')
    assert ['predictions' in result for result in results] == [1, 0, 1, 1, 1, 1]


@pytest.mark.parametrize('progress', [True, False])
def test_progress_is_shown_on_request(inferencer, one, capsys, progress):
    inferencer(one, show_progress=progress)
    assert ('Localizing' in capsys.readouterr().err) == progress


@pytest.mark.parametrize('names', [None, ('a', 'b', 'c')])
def test_a_config_beside_weights_alone_has_names_of_the_user_or_numbers(
    cfg, checkpoint, inferencer, tmp_path, one, names
):
    weights = torch.load(checkpoint, weights_only=True)['state_dict']
    torch.save(weights, tmp_path / 'a.pth')
    other = CCAMInferencer(cfg, tmp_path / 'a.pth', classes=names)
    assert other.map_name == inferencer.map_name == 'ccam'
    (first,), (second,) = localize(inferencer, one), localize(other, one)
    second['predictions'][0].pop('class_name')
    first['predictions'][0].pop('class_name')
    assert first == second
    assert other.classes == (names or ('0', '1', '2'))


def test_boxes_of_a_classifier_without_maps_are_those_of_cam(
    cfg, checkpoint, inferencer, one
):
    neck = dict(type='GlobalAveragePooling')
    head = dict(type='LinearClsHead', num_classes=3, in_channels=128)
    model = dict(cfg.model.to_dict(), neck=neck, head=head)
    foreign = Config(dict(model=model, test_dataloader=cfg.test_dataloader))
    of_cam = CCAMInferencer(pretrained=checkpoint, cam='cam')
    for expected, cam in ((of_cam, None), (of_cam, 'cam'), (inferencer, 'ccam')):
        found = CCAMInferencer(foreign, checkpoint, cam)
        assert found.map_name == expected.map_name
        assert localize(found, one) == localize(expected, one)


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(cam='no'), 'no map "no"'),
        (dict(threshold=0.5, thresholds='a.json'), 'neither a threshold nor a size'),
        (dict(size=0), 'size must be a number of pixels from 1 on, got 0'),
        (dict(size=3.5), 'size must be a number of pixels from 1 on, got 3.5'),
        (dict(classes=['a', 'b']), 'the network has 3 classes, but 2 names'),
        (dict(pretrained=None), 'there must be a checkpoint'),
        (dict(model=Config(dict(a=1))), 'no model'),
        (dict(device='nowhere'), 'the device nowhere cannot be used: '),
        (dict(device='meta'), 'the device meta cannot be used: it holds no numbers'),
    ],
)
def test_wrong_arguments(checkpoint, kwargs, message):
    with pytest.raises(ValueError, match=message):
        CCAMInferencer(**dict(dict(pretrained=checkpoint), **kwargs))


@pytest.mark.parametrize('classes', [torch.arange(3), 'cat', [0, 1, 2]], ids=str)
def test_classes_in_a_checkpoint_that_are_no_names(checkpoint, tmp_path, classes):
    loaded = torch.load(checkpoint)
    loaded['meta']['dataset_meta'] = dict(classes=classes)
    torch.save(loaded, tmp_path / 'a.pth')
    with pytest.raises(
        ValueError, match='other classes in its dataset_meta than names'
    ):
        CCAMInferencer(pretrained=tmp_path / 'a.pth')


HUGE = dict(type='mmccam.GAPClsHead', num_classes=10**13, in_channels=8)


@pytest.mark.parametrize(
    ('part', 'reason'),
    [
        (dict(backbone=dict(type='VGG', depth=3)), 'invalid depth'),
        (dict(backbone=dict(type='VGG', depth={})), 'unhashable type'),
        (dict(backbone=7), 'should be a dict'),
        (dict(head=HUGE), "can't allocate memory"),
    ],
    ids=str,
)
def test_a_network_that_cannot_be_built(cfg, checkpoint, part, reason):
    cfg = Config({**cfg.to_dict(), 'model': {**cfg.model.to_dict(), **part}})
    message = f'^the network of {checkpoint} cannot be built: .*{reason}.*$'
    with pytest.raises(ValueError, match=message):
        CCAMInferencer(cfg, checkpoint)


@pytest.mark.parametrize(
    ('step', 'message'),
    [
        (dict(scale='ab'), "size must be a number of pixels from 1 on, got 'ab'"),
        (dict(scale=3.5), 'size must be a number of pixels from 1 on, got 3.5'),
        (dict(scale=(4, 4, 4)), 'images cannot be resized by'),
        (dict(scale=4, backend='os'), 'images cannot be resized by .*: backend: os'),
        (dict(scale=4, interpolation=[1]), 'images cannot be resized by'),
    ],
)
def test_a_pipeline_that_does_not_resize(step, message):
    cfg = Config(dict(test_dataloader=dict(dataset=dict(pipeline=[3, step]))))
    with pytest.raises(ValueError, match=f'^{message}'):
        resize_whole(cfg)


def test_a_config_without_a_size(cfg, checkpoint, one):
    cfg = Config(dict(model=cfg.model))
    with pytest.raises(ValueError, match='no size of the input: give a size'):
        CCAMInferencer(cfg, checkpoint)
    assert predict(CCAMInferencer(cfg, checkpoint, size=16), one)


def test_scores_that_are_not_finite_and_batches_of_no_image(checkpoint, one):
    inferencer = CCAMInferencer(pretrained=checkpoint)
    inferencer.model.head.fc.bias.data.fill_(torch.inf)
    with pytest.raises(ValueError, match=f'scores of {one} are NaN or infinite'):
        localize(inferencer, one)
    with pytest.raises(ValueError, match='batch_size must be 1 or more, got 0'):
        localize(inferencer, one, batch_size=0)
