from pathlib import Path

import numpy as np
import pytest
import torch
from mmpretrain.models import RandomBatchAugment

from mmccam.models.hide_and_seek import HideAndSeek, shown_pixels

FILE = Path(__file__).parents[1] / 'data/methods/has.npz'
SCORES = torch.eye(3, dtype=torch.int64)[[0, 2]]


def images(number=2, size=(5, 7)):
    return 1 + torch.rand(number, 3, *size)


@pytest.mark.parametrize('case', ['even', 'cut', 'coarse'])
def test_draws_show_the_pixels_that_they_show_in_the_reference(case):
    with np.load(FILE) as file:
        number, _, height, width, grid = file[f'{case}.shape_grid_rate'][:5].astype(int)
        rate = file[f'{case}.shape_grid_rate'][5]
        cells = (number, -(-height // grid), -(-width // grid))
        draws = file[f'{case}.draws'].reshape(cells)
        bits = np.unpackbits(file[f'{case}.shown'], count=number * height * width)
    shown = shown_pixels(draws, grid, rate, (height, width))
    np.testing.assert_array_equal(shown, bits.reshape(shown.shape))


def test_a_cell_whose_draw_is_the_rate_is_hidden():
    draws = np.array([[0.5, 0.6], [0.4, 0.7]])
    shown = shown_pixels(draws, grid=2, rate=0.5, size=(3, 4))
    assert shown.astype(int).tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]]


def test_hidden_cells_are_zero_in_all_channels_of_new_images():
    given = images()
    before = given.clone()
    np.random.seed(0)
    found, scores = HideAndSeek(grid=2)(given, SCORES)
    assert torch.equal(given, before)
    hidden = found == 0
    assert torch.equal(found, given.masked_fill(hidden, 0))
    assert torch.equal(hidden[:, :1].expand_as(hidden), hidden)
    # Of 12 cells of each image others are hidden, each as a unit.
    assert not torch.equal(hidden[0], hidden[1])
    cells = hidden[:, 0, ::2, ::2]
    assert 0 < cells.sum() < cells.numel()
    wide = cells.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
    assert torch.equal(wide[:, :5, :7], hidden[:, 0])
    assert torch.equal(scores, SCORES.float()) and scores.dtype == torch.float32


def test_each_image_gets_one_of_several_grids():
    np.random.seed(0)
    augment = HideAndSeek(grid=(0, 8), rate=1)  # 8 pixels are all
    found, _ = augment(images(number=20), SCORES)
    counts = (found == 0).sum(dim=(1, 2, 3)).tolist()
    assert set(counts) == {0, 3 * 5 * 7}


@pytest.mark.parametrize(('rate', 'share'), [(0, 0), (0.2, 0.2), (1, 1)])
def test_the_rate_is_the_share_of_hidden_cells(rate, share):
    np.random.seed(0)
    found, _ = HideAndSeek(grid=1, rate=rate)(images(size=(50, 70)), SCORES)
    assert (found == 0).float().mean().item() == pytest.approx(share, abs=0.01)


def test_a_config_names_it():
    augment = RandomBatchAugment(dict(type='mmccam.HideAndSeek', grid=2, rate=1.0))
    found, _ = augment(images(), SCORES)
    assert (found == 0).all()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(grid=-1), 'grid must be pixels, 0 or more, got -1'),
        (dict(grid=0.5), 'grid must be pixels, 0 or more, got 0.5'),
        (dict(grid=(16, 2.5)), r'grid must be pixels, 0 or more, got \(16, 2.5\)'),
        (dict(grid=()), r'grid must be pixels, 0 or more, got \(\)'),
        (dict(rate=1.5), 'rate must lie between 0 and 1, got 1.5'),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        HideAndSeek(**arguments)
