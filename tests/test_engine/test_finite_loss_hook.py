from types import SimpleNamespace

import pytest
import torch
from mmpretrain.structures import DataSample

from mmccam.engine import FiniteLossHook

RUNNER = SimpleNamespace(epoch=2, iter=29)
BATCH = dict(
    data_samples=[
        DataSample(metainfo=dict(img_path='a.jpg')),
        DataSample(metainfo=dict(img_path='b.jpg')),
        DataSample(),
    ]
)


@pytest.mark.parametrize('loss', [torch.tensor(float('nan')), float('inf')])
def test_a_loss_that_is_no_number_names_the_images(loss):
    message = (
        f'the loss is {float(loss)} in epoch 3, batch 6, of the images a.jpg, b.jpg, '
        'an image without a file'
    )
    with pytest.raises(FloatingPointError, match=message):
        FiniteLossHook().after_train_iter(RUNNER, 5, BATCH, dict(loss=loss))


def test_a_finite_loss_passes():
    FiniteLossHook().after_train_iter(RUNNER, 5, BATCH, dict(loss=torch.tensor(1e38)))


@pytest.mark.parametrize('part', ['state_dict', 'ema_state_dict'])
def test_weights_that_are_no_numbers_are_not_saved(part):
    good = dict(weight=torch.ones(2), num_batches_tracked=torch.tensor(3))
    checkpoint = dict(state_dict=good, ema_state_dict=good)
    FiniteLossHook().before_save_checkpoint(RUNNER, checkpoint)
    checkpoint[part] = dict(good, bias=torch.tensor([0, float('inf')]))
    message = 'bias is not finite after 30 batches, so that no checkpoint is written'
    with pytest.raises(FloatingPointError, match=message):
        FiniteLossHook().before_save_checkpoint(RUNNER, checkpoint)
