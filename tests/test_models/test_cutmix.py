"""CutMix of mmpretrain, as our configs name it, against the reference."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmpretrain.models import ImageClassifier

FILE = Path(__file__).parents[1] / 'data/methods/cutmix.npz'
NUMBER, SIZE = 6, (32, 40)


@pytest.fixture(scope='module')
def cutmix():
    network = ImageClassifier(
        backbone=dict(type='LeNet5', num_classes=NUMBER),
        data_preprocessor=dict(num_classes=NUMBER),
        train_cfg=dict(augments=[dict(type='CutMix', alpha=1.0)], probs=[1.0]),
    )
    # Without the draw of whether it is applied.
    return network.data_preprocessor.batch_augments.augments[0]


@pytest.mark.parametrize('seed', [0, 1, 2, 3])
def test_boxes_and_shares_are_those_of_the_reference(cutmix, seed):
    with np.load(FILE) as file:
        start = f'seed{seed}.'
        expected = {k[len(start) :]: file[k] for k in file if k.startswith(start)}
    shape = (NUMBER, *SIZE)
    changed = np.unpackbits(expected['changed'], count=np.prod(shape)).reshape(shape)
    # Each image has its number as all of its values.
    images = torch.arange(NUMBER).reshape(-1, 1, 1, 1).expand(-1, 3, *SIZE).float()
    np.random.seed(seed)
    torch.manual_seed(seed)
    mixed, scores = cutmix(images.clone(), torch.eye(NUMBER, dtype=torch.int64))
    is_changed = (mixed != images).all(dim=1).numpy()
    np.testing.assert_array_equal(is_changed, changed)
    share = float(expected['share'])
    own, other = (torch.eye(NUMBER)[expected[f'target_{name}']] for name in 'ab')
    torch.testing.assert_close(scores, share * own + (1 - share) * other)
