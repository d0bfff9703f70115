import pytest

from mmccam.visualization.tables import (
    ERROR_COLUMNS,
    LOCALIZATION_COLUMNS,
    format_results,
    format_rows,
    metric_rows,
)

METRICS = {
    'accuracy/top1': 73.2,
    'ccam/gt_known_loc': 77.04,
    'ccam/top1_loc': 59.7,
    'ccam/threshold': 0.19,
    'cam/gt_known_loc': 68.9,
    'ccam/right': 597,
    'ccam/too_small': 43,
}
ROWS = [
    {'map': 'ccam', 'threshold': 0.19, 'Top-1': 59.7, 'GT-known': 77.04},
    {'map': 'cam', 'GT-known': 68.9},
]
ERROR_ROWS = [{'map': 'ccam', 'right': 597, 'too small': 43}]


@pytest.mark.parametrize(
    ('columns', 'rows'), [(LOCALIZATION_COLUMNS, ROWS), (ERROR_COLUMNS, ERROR_ROWS)]
)
def test_a_row_for_each_map_with_columns_in_the_order_of_the_paper(columns, rows):
    found = metric_rows(METRICS, columns)

    assert found == rows
    assert list(found[0]) == list(rows[0])


@pytest.mark.parametrize(
    ('style', 'expected'),
    [
        (
            'simple',
            [
                'map      threshold    Top-1    GT-known',
                '-----  -----------  -------  ----------',
                'ccam          0.19     59.7        77.0',
                'cam                                68.9',
            ],
        ),
        (
            'github',
            [
                '| map   |   threshold |   Top-1 |   GT-known |',
                '|-------|-------------|---------|------------|',
                '| ccam  |        0.19 |    59.7 |       77.0 |',
                '| cam   |             |         |       68.9 |',
            ],
        ),
    ],
)
def test_text_and_markdown(style, expected):
    assert format_rows(ROWS, style).splitlines() == expected


def results(localization=(), errors=(), provenance=None):
    return dict(
        metrics=METRICS,
        localization=localization,
        errors=errors,
        provenance=provenance,
    )


@pytest.mark.parametrize(('markdown', 'style'), [(False, 'simple'), (True, 'github')])
def test_results_are_tables_below_each_other(markdown, style):
    text = format_results(results(ROWS, ERROR_ROWS), markdown)

    first, localization, _, errors, _ = text.split('\n\n')
    assert first == 'accuracy/top1: 73.2'
    assert localization == format_rows(ROWS, style)
    assert errors == format_rows(ERROR_ROWS, style)


@pytest.mark.parametrize(
    ('row', 'provenance', 'note'),
    [
        ({'GT-known': 70.0}, None, ''),
        (
            {'GT-known': 70.0},
            dict(num_images=200, split='val'),
            ' Thresholds of the split val were chosen on its 200 images.',
        ),
        (
            {'MaxBoxAcc': 70.0},
            None,
            ' MaxBoxAcc (IoU 0.5) and MaxBoxAccV2 use the threshold that is best for '
            'the evaluated images themselves. They make boxes in another way, so that '
            'GT-known may lie above them.',
        ),
    ],
)
def test_results_say_where_their_thresholds_are_from(row, provenance, note):
    text = format_results(results([row], provenance=provenance))

    assert text.split('\n\n')[2] == f'Localization in percent.{note}'


def test_results_without_localization_have_no_table():
    assert format_results(results()) == 'accuracy/top1: 73.2'
