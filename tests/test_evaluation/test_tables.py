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


def test_a_row_a_map_with_columns_in_the_order_of_the_paper():
    assert metric_rows(METRICS, LOCALIZATION_COLUMNS) == [
        {'map': 'ccam', 'threshold': 0.19, 'Top-1': 59.7, 'GT-known': 77.04},
        {'map': 'cam', 'GT-known': 68.9},
    ]


def test_errors_are_rows_of_their_own():
    assert metric_rows(METRICS, ERROR_COLUMNS) == [
        {'map': 'ccam', 'right': 597, 'too small': 43}
    ]


@pytest.mark.parametrize(
    ('style', 'expected'),
    [
        (
            'simple',
            [
                'map      threshold    GT-known',
                '-----  -----------  ----------',
                'ccam          0.19        77.0',
                'cam                       68.9',
            ],
        ),
        (
            'github',
            [
                '| map   |   threshold |   GT-known |',
                '|-------|-------------|------------|',
                '| ccam  |        0.19 |       77.0 |',
                '| cam   |             |       68.9 |',
            ],
        ),
    ],
)
def test_text_and_markdown(style, expected):
    rows = [
        {'map': 'ccam', 'threshold': 0.19, 'GT-known': 77.04},
        {'map': 'cam', 'GT-known': 68.9},
    ]
    assert format_rows(rows, style).splitlines() == expected


def test_names_are_escaped_in_html():
    table = format_rows([{'map': '<b>&', 'Top-1': 59.72}], 'html')
    assert '&lt;b&gt;&amp;' in table and '<b>' not in table
    assert '59.7<' in table


@pytest.fixture
def results():
    return dict(
        metrics=METRICS,
        localization=metric_rows(METRICS, LOCALIZATION_COLUMNS),
        errors=metric_rows(METRICS, ERROR_COLUMNS),
        provenance=None,
    )


def test_results_are_tables_below_each_other(results):
    first, localization, _, errors, _ = format_results(results).split('\n\n')
    assert first == 'accuracy/top1: 73.2'
    assert localization == format_rows(results['localization'])
    assert errors == format_rows(results['errors'])


@pytest.mark.parametrize(
    ('row', 'provenance', 'notes'),
    [
        ({'GT-known': 70.0}, None, 'Localization in percent.'),
        (
            {'GT-known': 70.0},
            dict(num_images=200, split='val'),
            'Localization in percent. Thresholds of the split val were chosen on its '
            '200 images.',
        ),
        (
            {'MaxBoxAcc': 70.0},
            None,
            'Localization in percent. MaxBoxAcc (IoU 0.5) and MaxBoxAccV2 take the '
            'threshold that is best for the evaluated images themselves; they make '
            'boxes in another way, so that GT-known may lie above them.',
        ),
    ],
)
def test_results_say_where_their_thresholds_are_from(results, row, provenance, notes):
    results.update(localization=[row], provenance=provenance)
    assert format_results(results).split('\n\n')[2] == notes


def test_results_without_localization_have_no_table(results):
    results.update(localization=[], errors=[])
    assert format_results(results) == 'accuracy/top1: 73.2'
