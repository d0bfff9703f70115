"""Classes are ranked on crops, maps are of the whole image."""

import math

import pytest
import torch
from mmengine.config import ConfigDict
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

TWO_VIEWS = 'mmccam.TwoViewClassifier'
# Features R, G and B of the whole image at two positions: their means rank B, G, R.
WHOLE = torch.tensor([[[[1.0, 2]], [[3, 4]], [[5, 6]]]])


def predict(*samples, kind=TWO_VIEWS):
    """Predict without a backbone: a class's logit is the mean of R, G or B.

    A pixel value of n becomes n ln 2, so that probabilities are in proportion to 2^n.
    """
    vgg = dict(type='mmccam.NonLocalVGG', depth=11, num_stages=1, non_local_stages=())
    cams = dict(cam=dict(type='mmccam.TopBottom', i=1, j=1))
    head = dict(type='mmccam.GAPClsHead', num_classes=3, in_channels=3, cams=cams)
    values = dict(mean=[0] * 3, std=[1 / math.log(2)] * 3, to_rgb=True)
    cfg = dict(type=kind, backbone=vgg, head=head, data_preprocessor=values)
    model = MODELS.build(ConfigDict(cfg)).eval()
    model.extract_feat = lambda inputs: (inputs,)
    model.head.fc.weight.data = torch.eye(3)
    model.head.fc.bias.data = torch.zeros(3)
    with torch.no_grad():
        images = WHOLE.expand(len(samples), -1, -1, -1)
        return model(images, list(samples), mode='predict')


def sample_of(*colors):
    """A sample of class 1 with crops of 2 x 2 pixels of a color, B, G and R."""
    crops = torch.tensor(colors, dtype=torch.uint8)[:, :, None, None]
    sample = DataSample().set_gt_label(1)
    sample.set_field(crops.expand(-1, -1, 2, 2), 'score_crops')
    return sample


@pytest.mark.parametrize(
    ('colors', 'scores', 'cams'),
    [
        # R, G, B. Of the guess R - B, of the true class G - B.
        ([(0, 1, 2)], [4 / 7, 2 / 7, 1 / 7], [[-4, -4], [-2, -2]]),
        # 8 : 1 : 1 and 1 : 2 : 1 are 0.8, 0.1, 0.1 and 0.25, 0.5, 0.25.
        ([(0, 0, 3), (0, 1, 0)], [0.525, 0.3, 0.175], [[-4, -4], [-2, -2]]),
        # The second class, of 2^-255, is the last behind 2^-254: R - G. With the true
        # class in front the third is the last: G - B.
        ([(1, 0, 255)] * 2, [1, 0, 0], [[-2, -2], [-2, -2]]),
    ],
)
def test_crops_rank_the_classes_and_the_whole_image_has_the_maps(colors, scores, cams):
    sample, other = predict(sample_of(*colors), sample_of(*[(9, 0, 0)] * len(colors)))
    torch.testing.assert_close(sample.pred_score, torch.tensor(scores).float())
    assert sample.cams['cam'][:, 0].tolist() == cams
    assert (sample.pred_label, other.pred_label) == (0, 2)
    assert 'score_crops' not in sample  # or results would keep all pixels


def test_images_without_label_and_crops_are_ranked_as_they_are():
    (sample,) = predict(DataSample())
    assert sample.pred_label.tolist() == [2]
    assert sample.cams['cam'].tolist() == [[[4, 4]]]  # B - R


@pytest.mark.parametrize(
    ('sample', 'kind', 'message'),
    [
        (DataSample().set_gt_label(1), TWO_VIEWS, 'insert mmccam.ScoreCrops before'),
        (
            sample_of((0, 1, 2)),
            'ImageClassifier',
            'the model type "mmccam.TwoView',
        ),
    ],
)
def test_crops_are_not_ignored(sample, kind, message):
    with pytest.raises(ValueError, match=message):
        predict(sample, kind=kind)
