"""On a GPU: a run in float16 is resumed exactly."""

import pytest
from small_run import Break, BreakOff, train
from states import assert_same_files, read_state

pytestmark = [pytest.mark.cuda, pytest.mark.slow]


def test_a_run_in_float16_is_resumed_with_its_loss_scale(tmp_path):
    # The first scale is too large for a loss of some 100, later ones grow every third
    # of the 16 steps.
    wrapper = dict(
        type='AmpOptimWrapper',
        loss_scale=dict(init_scale=2.0**16, growth_interval=3),
        optimizer=dict(type='Adam', lr=0.1),
    )
    train(tmp_path / 'unbroken', optim_wrapper=wrapper)
    with pytest.raises(Break):
        train(tmp_path / 'broken', hooks=[BreakOff('train', 3)], optim_wrapper=wrapper)
    train(tmp_path / 'broken', resume=True, optim_wrapper=wrapper)
    assert_same_files(tmp_path / 'broken', tmp_path / 'unbroken')
    state = read_state(tmp_path / 'unbroken/epoch_4.pth')['optimizer']['loss_scaler']
    assert state['scale'] != 2.0**16
