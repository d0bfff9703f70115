"""Tables of a page are written between its markers, the same bytes again."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from table_results import CUB, changed, result

from mmccam.datasets.demo import generate_demo

PAGE = """\
# Results

<!-- {part} of results -->
what was there
<!-- end -->

The end.
"""
METHODS = PAGE.format(part='methods')
# Of four images CAM has the first right, CCAM the first three, a centred box two.
HITS = dict(cam='1000', ccam='1110')
BOXES = {
    'centred box': dict(gt_known_loc=50.0, hits='1100', side=50, max_box_acc_v2=60.0),
    'complete image': dict(gt_known_loc=25.0, hits='0001'),
}


def with_images(ccam_hits=HITS['ccam'], **kwargs):
    run = result(**kwargs)
    run['about']['images'] = 4
    run['images'] = dict(ranks='0000', hits=dict(HITS, ccam=ccam_hits))
    for name in HITS:
        run['metrics'] |= {f'{name}/right': 2, f'{name}/too_large': 2}
        run['metrics'] |= {f'{name}/max_box_acc_v2': 41.25}
    return run


@pytest.fixture
def write_page(run_here, tmp_path):
    """Write a page with one part of results; code, errors, and the part's lines."""

    def write_page(part, *results, scored=True):
        folder, page = tmp_path / 'results', tmp_path / 'page.md'
        folder.mkdir(exist_ok=True)
        for number, one in enumerate(results):
            (folder / f'{number}.json').write_text(json.dumps(one))
        if scored:
            about = dict(data=CUB, split='test', images=4)
            one = dict(about=about, baselines=BOXES)
            (folder / 'baselines.json').write_text(json.dumps(one))
        page.write_text(PAGE.format(part=part))
        code, _, errors = run_here('make_tables.py', '--page', page)
        first = page.read_bytes()
        if code == 0:
            assert run_here('make_tables.py', '--page', page)[0] == 0
        assert page.read_bytes() == first
        lines = [' '.join(line.split()) for line in first.decode().splitlines()]
        return code, errors, lines

    return write_page


def test_all_methods_have_a_row_for_each_map(write_page):
    # GT-known of CAM is 70 for both seeds, of CCAM 80 and 76: sqrt(8) = 2.8.
    code, _, lines = write_page(
        'methods', with_images(), with_images(seed=1, ccam=(60.0, 70.0, 76.0))
    )
    assert code == 0
    assert lines[0] == '# Results' and lines[-1] == 'The end.'
    assert lines[4:7:2] == [
        '| network | map | runs | classification | Top-1 | Top-5 | GT-known '
        '| MaxBoxAccV2 |',
        '| VGG-16, low and high level | CAM | 2 | 75.0 ± 0.0 | 50.5 ± 0.0 | 62.2 ± 0.0 '
        '| 70.0 ± 0.0 | 41.2 ± 0.0 |',
    ]
    assert '| 78.0 ± 2.8 |' in lines[7]
    assert re.fullmatch(r'(\|:-+){2}(\|-+:){6}\|', lines[5])
    assert lines[8] == ('| centred box | | | | | | 50.0 | 60.0 |')
    assert 'The centred box has 50 % of each side' in lines[11]


def test_all_combination_functions_of_a_network(write_page):
    run = with_images()
    run['maps']['cams']['far'] = dict(type='mmccam.TopBottom', i=1, j=10)
    run['metrics'] |= {'far/gt_known_loc': 66.6}
    saliency = with_images()
    saliency['model']['type'] = 'mmccam.SaliencyClassifier'
    saliency['maps']['cams']['mwp'] = dict(type='mmccam.ExcitationBackprop')
    saliency['metrics'] = dict(reversed(saliency['metrics'].items()))
    _, _, lines = write_page('functions', saliency, run, scored=False)
    names = [line.split(' | ')[1] for line in lines[6:9]]
    assert names == ['top-1 & bottom-0', 'quadratic', 'top-1 & bottom-10']
    assert lines[10].endswith(' Of 200 classes.')


def test_kinds_of_failure_are_means_over_seeds(write_page):
    _, _, lines = write_page('errors', with_images())
    assert lines[4] == '| network | map | right | too large |'
    assert '| VGG-16, low and high level | CAM | 2 | 2 |' in lines


def test_claims_have_an_interval_over_images(write_page):
    _, _, lines = write_page('claims', with_images(), with_images('1100', blocks='no'))
    assert lines[4] == (
        '| network | map | runs | over CAM | over the plain network '
        '| over the centred box |'
    )
    # Gains of 0, 1, 1, 0 and of 0, 0, 1, 0; means of four draws lie between 0 and 1.
    assert lines[7] == (
        '| VGG-16, low and high level | CCAM | 1 | +50.0 (+0.0 … +100.0) | '
        '+25.0 (+0.0 … +75.0) | +25.0 (+0.0 … +75.0) |'
    )
    cam, ccam = lines[8:10]
    assert cam.endswith('| CAM | 1 | | | -25.0 (-75.0 … +0.0) |')
    assert ccam.endswith('| CCAM | 1 | +25.0 (+0.0 … +75.0) | | +0.0 (+0.0 … +0.0) |')


def test_a_map_by_gradients_is_compared_in_the_runs_that_it_has(write_page):
    saliency = with_images()
    saliency['maps']['cams']['mwp'] = dict(type='mmccam.ExcitationBackprop')
    saliency['images']['hits']['mwp'] = '0111'
    saliency['metrics']['mwp/gt_known_loc'] = 75.0
    _, _, lines = write_page('claims', with_images('1001', seed=1), saliency)
    # Of seed 0 alone, in which CCAM has the first three right.
    assert '| mwp | 1 | +50.0 ' in lines[8] and '| +0.0 ' in lines[8]


def test_networks_of_another_input_have_rows_of_their_own(write_page):
    large = with_images('1100')
    large['maps']['pipeline'][1] = dict(type='Resize', scale=[448, 448])
    _, _, lines = write_page('claims', with_images(), large, scored=False)
    names = [line.split(' | ')[0] for line in lines[6:9:2]]
    assert names == [
        '| VGG-16 at 448 × 448, low and high level',
        '| VGG-16, low and high level',
    ]


def test_curves_are_a_picture_with_a_panel_for_each_network(write_page, tmp_path):
    run, old = with_images(), with_images(blocks='no')
    curve = dict(thresholds=[0, 0.5], right=[1, 3])
    run['curves'] = dict(cam=curve, ccam=curve)
    _, _, lines = write_page('curves', run, old, scored=False)
    text = 'Right boxes in percent against the threshold of MaxBoxAcc, IoU 0.5'
    assert lines[4] == f'![{text}](results/curves.png)'
    with Image.open(tmp_path / 'results/curves.png') as picture:
        one = picture.size
    old['curves'] = run['curves']
    write_page('curves', run, old, scored=False)
    with Image.open(tmp_path / 'results/curves.png') as picture:
        assert picture.width > 1.5 * one[0] and picture.height == one[1]


def test_a_table_of_another_tool_is_copied(write_page, tmp_path):
    (tmp_path / 'results').mkdir()
    (tmp_path / 'results/maps.md').write_text('| map |\n')
    assert write_page('texts')[2][4] == '| map |'


def test_older_results_are_named_in_a_sentence(write_page):
    code, _, lines = write_page('claims', result(), scored=False)
    assert code == 0
    assert lines[-5].endswith(
        'Without the outcomes of images are VGG-16, low and high level: evaluate them '
        'with test.py again.'
    )


def test_tables_of_the_paper_name_the_baselines(write_page):
    _, _, lines = write_page('tables', with_images())
    notes = [line for line in lines if 'Baselines' in line]
    # Tables 4 and 7; there is no Table 6 of two functions.
    assert len(notes) == 2
    assert notes[0].endswith(
        'Baselines, GT-known: centred box 50.00, complete image 75.00.'
    )
    starts = [line[:11] for line in lines if line.startswith('**Table')]
    assert starts == [f'**Table {number}**' for number in (1, 2, 3, 4, 5, 7)]


@pytest.mark.parametrize(
    ('part', 'results', 'message'),
    [
        ('picture', [result()], 'page.md, line 3: there is no part picture, known are'),
        ('methods', [], 'results has no .json files'),
        ('texts', [], 'results has no .md files'),
        ('functions', [result()], 'results has more than two maps'),
        ('curves', [result()], 'results have no curves: evaluate them again'),
        ('methods', [result(), with_images()], 'are of several data sets, each needs'),
        (
            'methods',
            [result(), changed('about.epochs', 9)],
            'epochs of training: 30; boxes: largest_component at 0.20, IoU 0.5',
        ),
        (
            'methods',
            [result(), changed('about.seed', 0)],
            'level, CAM" has two networks with seed 0, seed_1.pth and seed_0.pth',
        ),
        ('methods', [with_images('11')], 'has outcomes of 2 images instead of 4'),
    ],
)
def test_mistakes_of_a_page_are_told(write_page, part, results, message):
    code, errors, lines = write_page(part, *results, scored=False)
    assert code == 2 and message in errors
    assert 'what was there' in lines


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('# Results\n', 'has no markers'),
        # What stands between would be gone.
        (f'<!-- methods of results -->\n{METHODS}', 'has wrong markers'),
        (METHODS.replace('of results', 'of my results') + METHODS, 'has wrong markers'),
    ],
)
def test_a_page_with_wrong_markers_is_refused(run_here, tmp_path, text, message):
    page = tmp_path / 'page.md'
    page.write_text(text)
    assert message in run_here('make_tables.py', '--page', page)[2]
    assert page.read_text() == text


@pytest.fixture
def score_baselines(run_here, tmp_path):
    """Run score_baselines.py on 12 images of val and of test; errors and results."""
    data = generate_demo(tmp_path / 'data', num_train=1, num_val=1, num_test=1)

    def score_baselines(place, *options):
        for split in ('val', 'test'):
            folder = data / 'metadata' / split
            rows = (folder / 'image_sizes.txt').read_text().split()
            lines = [
                place(split, *(int(n) if n.isdigit() else n for n in row.split(',')))
                for row in rows
            ]
            (folder / 'localization.txt').write_text('\n'.join(lines))
        out, loaders = tmp_path / 'out.json', ('val_dataloader', 'test_dataloader')
        roots = [f'{loader}.dataset.data_root={data}' for loader in loaders]
        options = ('--out', out, '--cfg-options', *roots, *options)
        errors = run_here('score_baselines.py', 'nlccam_demo', *options)[2]
        return errors, json.loads(out.read_text()) if out.exists() else None

    return score_baselines


def test_baselines_are_chosen_on_val_and_scored_on_test(score_baselines, tmp_path):
    def place(split, name, width, height):
        # The central half of each side, and all of it.
        part = dict(val=4, test=1000)[split]
        x0, y0 = width // part, height // part
        return f'{name},{x0},{y0},{width - x0 - 1},{height - y0 - 1}'

    _, found = score_baselines(place)
    about = dict(data=f'WSOLDataset, {tmp_path}/data', split='test', images=12)
    assert found['about'] == about
    box, image = found['baselines'].values()
    # 36 % are the least that have an IoU of 0.5: 0.36 ** 2 / 0.5 ** 2 = 0.52.
    assert (box['side'], box['gt_known_loc'], box['hits']) == (36, 0, '0' * 12)
    # On the evaluated images themselves the box of all sizes is the complete image.
    assert box['max_box_acc_v2'] == 100
    assert image == dict(gt_known_loc=100.0, hits='1' * 12)


def test_baselines_of_masks_are_pixels_in_the_order_of_centred_boxes(
    score_baselines, tmp_path
):
    def place(split, name, width, height):
        # The foreground is the central half of each side, a quarter of the pixels.
        mask = np.zeros((height, width), np.uint8)
        mask[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4] = 1
        path = tmp_path / 'data/masks' / f'{width}_{height}.png'
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(mask).save(path)
        return f'{name},{path.name},'

    _, found = score_baselines(place)
    box, image = found['baselines'].values()
    assert box['px_ap'] > 99
    assert image == dict(px_ap=pytest.approx(25, abs=0.5))


def test_baselines_need_images_to_choose_on(score_baselines):
    errors, _ = score_baselines(
        lambda split, name, *_: f'{name},0,0,1,1',
        'val_dataloader.dataset.split=test',
        'val_dataloader.batch_size=1',
        'val_dataloader.dataset.pipeline=[]',
    )
    assert 'the validation split has 12 images of the test split' in errors
