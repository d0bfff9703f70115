"""What stands in the tables of make_tables.py besides the numbers."""

import pytest
from table_results import RULE, cells, changed, result

MARKDOWN = """\
| | Top-1, paper | Top-1, ours | Top-5, paper | Top-5, ours |
| GoogLeNet-GAP | 59.00 | | | |
| ACoL | 54.08 | | 43.49 | |
| SPG-plain | 56.33 | | 46.47 | |
| SPG | 53.36 | | 42.28 | |
| VGGnet-GAP | | | | |
| VGGnet-CCAM | | | | |
| NL-CCAM | | 40.00 (1) | | 30.00 (1) |"""


def test_a_table_in_markdown_and_latex(make_tables, tmp_path):
    outs = [tmp_path / f'tables{suffix}' for suffix in ('.md', '.tex')]
    make_tables(result(), more=outs)
    markdown, latex = (out.read_text() for out in outs)
    start = markdown.index('Table 4.')
    caption, table, notes = markdown[start:].split('\n\n')[:3]
    assert caption == (
        'Table 4. Localization error, in percent. Ours: CUB, data/CUB_200_2011, split '
        'test, 5794 images; VGG-16; epochs of training: 30; input: Resize scale=[224, '
        "224]; boxes: largest_component at 0.20, IoU 0.5. The paper's: CUB-200-2011, "
        '5794 images.'
    )
    lines = [' '.join(line.split()) for line in table.splitlines()]
    assert '\n'.join(lines[:1] + lines[2:]) == MARKDOWN
    assert notes == (
        'Ours are mean ± standard deviation (number of runs). Missing are 12 of 14 of '
        "our results. Missing are 7 of 14 of the paper's numbers, not printed or not "
        'at hand.'
    )
    assert 'split test, 5794 images; VGG-16;' in latex
    assert r'data/CUB\_200\_2011' in latex and r'top-1 \& bottom-0' in latex


def test_all_tables_are_there_and_say_what_is_missing(make_tables):
    _, text, _, lines = make_tables(result())
    assert sorted({line['table'] for line in lines}) == list('1234567')
    assert 'Table 3. Localization error, in percent. Ours: no result was given.' in text
    assert 'Missing are 24 of 24 of our results.' in text


@pytest.mark.parametrize(
    ('part', 'value'),
    [('images', 604), ('split', 'val'), ('data', 'WSOLDataset, ../data/birds')],
)
def test_captions_name_other_data_than_the_papers(make_tables, part, value):
    run = changed(f'about.{part}', value)
    _, text, _, _ = make_tables(run)
    captions = [line for line in text.splitlines() if line.startswith('Table ')]
    about = run['about']
    place = f'{about["data"]}, split {about["split"]}, {about["images"]} images; '
    # Classification, localization and the places of blocks on CUB-200-2011.
    told = [c[6] for c in captions if 'other data: the two are not to be comp' in c]
    assert told == list('247')
    assert [c[6] for c in captions if place in c] == list('2467')


NAMES = ('NL-CCAM', 'low and high level, CCAM')  # of rows in Tables 4 and 7


def searched(chosen, seed=0):
    """A result with rules from a search, which chose one of three maps."""
    run = result(seed=seed, rule=dict(RULE, chosen_on='val'))
    cams = run['maps']['cams']
    cams['other'] = dict(type='mmccam.TopBottom', i=1, j=10)
    run['boxes']['other'] = dict(run['boxes']['ccam'], map_name='other')
    # Errors of 33 and 34.
    run['metrics'] |= {'other/top1_loc': 67.0 - seed}
    run['provenance'] |= dict(split='val', chosen=dict(map=chosen, of=[*cams]))
    return run


def test_a_row_says_which_combination_function_a_search_chose(make_tables):
    _, _, _, lines = make_tables(searched('other'), searched('other', seed=1))
    for table, name in zip((4, 7), NAMES):
        row = f'{name}, g(k) chosen on val: top-1 & bottom-10'
        assert cells(lines, table)[row, 'Top-1'] == ('33.50', '0.71', '2')
        assert cells(lines, table)[name, 'Top-1'] == ('40.00', '0.00', '2')
    # Its Top-5, which is missing, is in the same row.
    rows = {line['row'] for line in lines if 'chosen' in line['row']}
    assert rows == {f'{name}, g(k) chosen on val: top-1 & bottom-10' for name in NAMES}


def test_a_row_of_seeds_with_several_chosen_functions_names_all(make_tables):
    _, _, _, lines = make_tables(searched('other'), searched('ccam', seed=1))
    row = 'NL-CCAM, g(k) chosen on val: quadratic, top-1 & bottom-10'
    # 33 of the one and 40 of the other.
    assert cells(lines, 4)[row, 'Top-1'] == ('36.50', '4.95', '2')


def test_of_cam_and_ccam_alone_no_function_was_chosen(make_tables):
    run = searched('ccam')
    run['provenance']['chosen']['of'] = ['ccam', 'cam']
    _, text, _, _ = make_tables(run)
    assert 'g(k) chosen' not in text
