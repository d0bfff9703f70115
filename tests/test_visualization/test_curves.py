import numpy as np
import pytest
from PIL import Image

from mmccam.visualization.numbers import save_threshold_curves, searched_curves


@pytest.mark.parametrize('num_maps', [1, 4])
def test_each_map_has_a_panel_with_its_curves(tmp_path, num_maps):
    names = [f'map{index}' for index in range(num_maps)]
    best = [dict(box_rule='rule', threshold=0.2, gt_known_loc=90.0)]
    curves = dict.fromkeys(names, dict(rule={0.5: [80.0, 90.0, 70.0]}))
    found = dict(
        thresholds=dict.fromkeys(names, best),
        curves=dict(thresholds=[0.1, 0.2, 0.3], gt_known_loc=curves),
    )

    save_threshold_curves(found, tmp_path / 'curves.png', 'epoch_3.pth on val')

    with Image.open(tmp_path / 'curves.png') as picture:
        pixels = np.asarray(picture.convert('RGB')).astype(int)
    # Columns with the line, #0072b2: one run for each panel of a row, of which there
    # are three at most. The line in the legend lies within one of them.
    blue = (abs(pixels - [0x00, 0x72, 0xB2]).sum(axis=2) == 0).any(axis=0)
    gaps = np.diff(np.flatnonzero(blue))
    assert (gaps > 40).sum() + 1 == min(num_maps, 3)


def test_rules_with_other_thresholds_have_a_panel_of_their_own(tmp_path):
    best = [
        dict(box_rule='multiple', threshold=2.5, gt_known_loc=60.0),
        dict(box_rule='second', threshold=0.1, gt_known_loc=50.0),
        dict(box_rule='first', threshold=0.2, gt_known_loc=40.0),
    ]
    rules = dict(first=[30.0, 40.0], multiple=[1.0, 60.0, 9.0], second=[50.0, 10.0])
    curves = dict(
        thresholds=[0.1, 0.2],
        grids=dict(multiple=[0, 2.5, 5]),
        gt_known_loc=dict(ccam={rule: {'0.5': rules[rule]} for rule in rules}),
    )
    found = dict(thresholds=dict(ccam=best), curves=curves)

    fractions, multiples = searched_curves(found)
    assert (fractions.title, multiples.title) == (
        'ccam: second at 0.10',
        'ccam: multiple at 2.50',
    )
    assert (fractions.thresholds, multiples.thresholds) == ((0.1, 0.2), (0, 2.5, 5))
    assert (list(fractions.accuracies), list(multiples.accuracies)) == (
        ['first', 'second'],
        ['multiple'],
    )
    assert (fractions.marks, multiples.marks) == ([(0.1, 50)], [(2.5, 60)])
    save_threshold_curves(found, tmp_path / 'curves.png')
