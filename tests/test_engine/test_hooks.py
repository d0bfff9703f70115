from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch
from mmpretrain.structures import DataSample
from torch import nn

from mmccam import engine

RUNNER = SimpleNamespace(epoch=2, iter=29)
NAMED = [DataSample(metainfo=dict(img_path=f'{name}.jpg')) for name in 'ab']
BATCH = dict(data_samples=[*NAMED, DataSample()])


def test_weights_are_checked_before_they_are_loaded():
    runner = SimpleNamespace(model=nn.Linear(2, 3), cfg=dict(load_from='a.pth'))
    hook = engine.FittingWeightsHook()
    hook.after_load_checkpoint(runner, dict(state_dict=nn.Linear(2, 3).state_dict()))
    with pytest.raises(ValueError, match='a.pth does not match the config'):
        hook.after_load_checkpoint(runner, nn.Linear(2, 5).state_dict())


@pytest.mark.parametrize('loss', [torch.tensor(float('nan')), float('inf')])
def test_a_loss_that_is_not_finite_names_the_images(loss):
    message = (
        f'the loss is {float(loss)} in epoch 3, batch 6, of the images a.jpg, b.jpg, '
        'an image without a file'
    )
    with pytest.raises(FloatingPointError, match=message):
        engine.FiniteLossHook().after_train_iter(RUNNER, 5, BATCH, dict(loss=loss))


def test_a_finite_loss_passes():
    outputs = dict(loss=torch.tensor(1e38))
    engine.FiniteLossHook().after_train_iter(RUNNER, 5, BATCH, outputs)


@pytest.mark.parametrize('part', ['state_dict', 'ema_state_dict'])
def test_weights_that_are_not_finite_are_not_saved(part):
    good = dict(weight=torch.ones(2), num_batches_tracked=torch.tensor(3))
    checkpoint = dict(state_dict=good, ema_state_dict=good)
    engine.FiniteLossHook().before_save_checkpoint(RUNNER, checkpoint)
    checkpoint[part] = dict(good, bias=torch.tensor([0, float('inf')]))
    message = 'bias is not finite after 30 batches, so that no checkpoint is written'
    with pytest.raises(FloatingPointError, match=message):
        engine.FiniteLossHook().before_save_checkpoint(RUNNER, checkpoint)


def seeded_runner(**loader):
    loader = dict(dict(num_workers=0, worker_init_fn=None, sampler=None), **loader)
    loader = SimpleNamespace(**loader)
    return SimpleNamespace(train_dataloader=loader, seed=5, logger=Mock())


def test_processes_share_the_data_by_the_seed_of_the_first(monkeypatch):
    def receive(objects):
        objects[:] = [123]

    monkeypatch.setattr('mmengine.dist.broadcast_object_list', receive)
    runner = seeded_runner(sampler=SimpleNamespace(seed=5))
    engine.EpochSeedHook().before_train(runner)
    assert runner.train_dataloader.sampler.seed == 123


def test_persistent_workers_are_warned_of():
    runner = seeded_runner(num_workers=1, persistent_workers=True)
    engine.EpochSeedHook().before_train(runner)
    (call,) = runner.logger.warning.call_args_list
    assert 'persistent_workers=True: after --resume crops and flips' in call.args[0]


@pytest.mark.parametrize(
    ('lines', 'number', 'warnings'),
    [
        ('', 0, []),
        ('a.jpg\tis empty\nb.jpg\tis empty\na.jpg\tis empty\n', 2, ['2 images']),
    ],
)
def test_images_are_counted_once(tmp_path, lines, number, warnings):
    file = tmp_path / 'unreadable.txt'
    file.write_text(lines)
    runner = SimpleNamespace(epoch=4, logger=Mock(), visualizer=Mock())
    engine.UnreadableImagesHook(str(file)).after_train_epoch(runner)
    runner.visualizer.add_scalar.assert_called_once_with('unreadable_images', number, 5)
    texts = [call.args[0] for call in runner.logger.warning.call_args_list]
    assert [text[: len('2 images')] for text in texts] == warnings


@pytest.mark.parametrize(('iteration', 'is_kept'), [(0, False), (3, True)])
def test_images_of_a_former_run_are_forgotten(tmp_path, iteration, is_kept):
    file = tmp_path / 'unreadable.txt'
    file.write_text('a.jpg\tis empty\n')
    runner = SimpleNamespace(iter=iteration)
    engine.UnreadableImagesHook(str(file)).before_train(runner)
    assert file.exists() == is_kept
