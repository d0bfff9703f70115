import pytest

from mmccam.evaluation.tables import (
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
    'ccam/errors/right': 597,
    'ccam/errors/too_small': 43,
}


def test_a_row_a_map_with_columns_in_the_order_of_the_paper():
    assert metric_rows(METRICS, LOCALIZATION_COLUMNS) == [
        {'map': 'ccam', 'threshold': 0.19, 'Top-1': 59.7, 'GT-known': 77.04},
        {'map': 'cam', 'GT-known': 68.9},
    ]


def test_errors_are_rows_of_their_own():
    assert metric_rows(METRICS, ERROR_COLUMNS) == [
        {'map': 'ccam/errors', 'right': 597, 'too small': 43}
    ]


@pytest.mark.parametrize(
    ('markdown', 'expected'),
    [
        (
            False,
            [
                'map      threshold    GT-known',
                '-----  -----------  ----------',
                'ccam          0.19        77.0',
                'cam                       68.9',
            ],
        ),
        (
            True,
            [
                '| map   |   threshold |   GT-known |',
                '|-------|-------------|------------|',
                '| ccam  |        0.19 |       77.0 |',
                '| cam   |             |       68.9 |',
            ],
        ),
    ],
)
def test_text_and_markdown(markdown, expected):
    rows = [
        {'map': 'ccam', 'threshold': 0.19, 'GT-known': 77.04},
        {'map': 'cam', 'GT-known': 68.9},
    ]
    assert format_rows(rows, markdown).splitlines() == expected


@pytest.mark.parametrize(
    ('thresholds', 'source'),
    [
        (None, 'threshold from the config.'),
        (dict(num_images=200, split='val'), 'from the 200 images of the split val.'),
    ],
)
def test_results_say_where_the_thresholds_are_from(thresholds, source):
    results = dict(
        metrics=METRICS,
        localization=metric_rows(METRICS, LOCALIZATION_COLUMNS),
        errors=metric_rows(METRICS, ERROR_COLUMNS),
        thresholds=thresholds,
    )
    first, localization, note, errors, _ = format_results(results).split('\n\n')
    assert first == 'accuracy/top1: 73.2'
    assert localization == format_rows(results['localization'])
    assert source in note
    assert errors == format_rows(results['errors'])


def test_results_without_localization_have_no_table():
    results = dict(
        metrics={'accuracy/top1': 73.2}, localization=[], errors=[], thresholds=None
    )
    assert format_results(results) == 'accuracy/top1: 73.2'
