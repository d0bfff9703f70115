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


def loading_runner():
    return SimpleNamespace(model=nn.Linear(2, 3), cfg=dict(load_from='a.pth'))


@pytest.mark.parametrize(
    ('meta', 'trained'),
    [
        (dict(seed=5, epoch=30), dict(seed=5, epochs=30)),
        (dict(seed=None, epoch='30'), dict(seed=None, epochs=None)),
        ({}, dict(seed=None, epochs=None)),
    ],
)
def test_seed_and_epochs_of_a_loaded_training_are_kept(meta, trained):
    runner = loading_runner()
    checkpoint = dict(state_dict=runner.model.state_dict(), meta=meta)
    hook = engine.FittingWeightsHook()
    hook.after_load_checkpoint(runner, checkpoint)
    assert hook.trained == trained


def test_weights_are_checked_before_they_are_loaded():
    runner = loading_runner()
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
    hook = engine.FiniteLossHook()
    hook.after_train_iter(RUNNER, 5, BATCH, dict(loss=torch.tensor(1e38)))
    with pytest.raises(FloatingPointError, match=message):
        hook.after_train_iter(RUNNER, 5, BATCH, dict(loss=loss))


@pytest.mark.parametrize('part', ['state_dict', 'ema_state_dict'])
def test_weights_that_are_not_finite_are_not_saved(part):
    good = dict(weight=torch.ones(2), num_batches_tracked=torch.tensor(3))
    checkpoint = dict(state_dict=good, ema_state_dict=good)
    engine.FiniteLossHook().before_save_checkpoint(RUNNER, checkpoint)
    checkpoint[part] = dict(good, bias=torch.tensor([0, float('inf')]))
    message = 'bias is not finite after 30 batches, so that no checkpoint is written'
    with pytest.raises(FloatingPointError, match=message):
        engine.FiniteLossHook().before_save_checkpoint(RUNNER, checkpoint)


def seeded_runner(num_workers=0, sampler=None, **loader):
    loader = Mock(num_workers=num_workers, sampler=sampler, **loader)
    return Mock(train_dataloader=loader, seed=5)


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


@pytest.mark.parametrize(('names', 'number'), [('', 0), ('aba', 2)])
def test_images_are_counted_once(tmp_path, names, number):
    file, runner = tmp_path / 'unreadable.txt', Mock(epoch=4)
    file.write_text(''.join(f'{name}.jpg\tis empty\n' for name in names))
    engine.UnreadableImagesHook(str(file)).after_train_epoch(runner)
    runner.visualizer.add_scalar.assert_called_once_with('unreadable_images', number, 5)
    warnings = [call.args[0] for call in runner.logger.warning.call_args_list]
    assert [text.split(' images')[0] for text in warnings] == ['2'] * bool(number)


@pytest.mark.parametrize(('iteration', 'is_kept'), [(0, False), (3, True)])
def test_images_of_a_former_run_are_forgotten(tmp_path, iteration, is_kept):
    file = tmp_path / 'unreadable.txt'
    file.write_text('a.jpg\tis empty\n')
    runner = SimpleNamespace(iter=iteration)
    engine.UnreadableImagesHook(str(file)).before_train(runner)
    assert file.exists() == is_kept
