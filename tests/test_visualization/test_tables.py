from mmccam.visualization.numbers import (
    ERROR_COLUMNS,
    LOCALIZATION_COLUMNS,
    format_results,
    further_numbers,
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
TEXT = """accuracy/top1: 73.2

map      threshold    Top-1    GT-known
-----  -----------  -------  ----------
ccam          0.19     59.7        77.0
cam                                68.9

Localization in percent.

map      right    too small
-----  -------  -----------
ccam       597           43

Numbers of images."""
MARKDOWN = """| map   |   threshold |   Top-1 |   GT-known |
|-------|-------------|---------|------------|
| ccam  |        0.19 |    59.7 |       77.0 |
| cam   |             |         |       68.9 |"""


def results_of(metrics, provenance=None):
    return dict(
        metrics=metrics,
        localization=metric_rows(metrics, LOCALIZATION_COLUMNS),
        errors=metric_rows(metrics, ERROR_COLUMNS),
        provenance=provenance,
    )


def test_each_map_has_a_row_with_columns_in_the_order_of_the_paper():
    results = results_of(METRICS)

    assert format_results(results) == TEXT
    assert format_results(results, markdown=True).split('\n\n')[1] == MARKDOWN


def test_results_say_where_their_thresholds_are_from():
    metrics = {f'ccam/{name}': 70.0 for name in ('gt_known_loc', 'max_box_acc_v2')}
    text = format_results(results_of(metrics, dict(num_images=200, split='val')))

    assert text.split('\n\n')[1] == (
        'Localization in percent. Thresholds of the split val were chosen on its 200 '
        'images. MaxBoxAcc (IoU 0.5) and MaxBoxAccV2 use the threshold that is best '
        'for the evaluated images themselves. They make boxes in another way, so that '
        'GT-known may lie above them.'
    )


def test_results_without_localization_have_no_table():
    assert format_results(results_of({'accuracy/top1': 73.2})) == 'accuracy/top1: 73.2'


def test_what_no_table_has_is_further_numbers():
    more = {'ccam/max_box_acc_30': 90.04, 'mine/counts': [1, 2]}
    metrics = {**METRICS, **more, 'ccam/MaxBoxAcc_degenerate_maps': 0}

    assert further_numbers(metrics) == 'ccam/max_box_acc_30 90.0, mine/counts [1, 2]'
    assert further_numbers(METRICS) == ''
