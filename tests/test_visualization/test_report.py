"""The page of an evaluation, opened in a real browser where there is one."""

import itertools
import re

import numpy as np
import pytest
import torch
from browser import open_browser
from outcomes import Images, metric_of, outcome

from mmccam.evaluation import MaxBoxAcc
from mmccam.visualization.numbers import (
    ERROR_COLUMNS,
    LOCALIZATION_COLUMNS,
    metric_rows,
)
from mmccam.visualization.report import render_report

pytestmark = pytest.mark.slow
HOSTILE = '<script>document.title = "run"</script>&amp;'
METRICS = {
    'accuracy/top1': 73.25,
    'accuracy/<i>': 1.0,
    'ccam/box_rule': 'largest_component',
    'ccam/threshold': 0.194,
    'ccam/chosen_on': 'val',
    'ccam/top1_loc': 59.66,
    'ccam/max_box_acc_50': 88.0,
    f'{HOSTILE}/top1_loc': 3.0,
    **{f'ccam/{kind}': 0 for kind in ERROR_COLUMNS.values()},
    **{'ccam/right': 2, 'ccam/too_small': 1, 'ccam/too_large': 1},
}
RULES = ('largest_component', 'released_nlccam')
BY_IOU = dict.fromkeys(('0.3', '0.5', '0.7'), [80.0, 90.0, 70.0])
FOUND = dict(
    provenance=dict(split='val', num_images=120),
    thresholds=dict(ccam=[dict(box_rule=RULES[1], threshold=0.2, gt_known_loc=90.0)]),
    curves=dict(
        thresholds=[0.1, 0.2, 0.3],
        gt_known_loc=dict(ccam=dict.fromkeys(RULES, BY_IOU)),
    ),
)


def results(metrics):
    rows = metric_rows(metrics, LOCALIZATION_COLUMNS)
    errors = metric_rows(metrics, ERROR_COLUMNS)
    return dict(metrics=metrics, provenance=None, localization=rows, errors=errors)


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    """A page of two images; config, class and a map have hostile names."""
    curves = MaxBoxAcc('ccam', step=0.25)
    curves.correct = np.array([[[1, 2, 1, 0]] * 3, [[2, 2, 1, 0]] * 3])
    examples = metric_of(
        best=[outcome(kind='right')],
        random=[outcome(kind='right', labels=(0, 1)), outcome()],
        too_small=[outcome()],
    )
    about = dict(config=f'{HOSTILE}.py', checkpoint='a' * 300, images=2)
    dataset, metrics = Images(('cat', HOSTILE)), [examples, curves]
    page = render_report(about, results(METRICS), metrics, dataset, FOUND)
    path = tmp_path_factory.mktemp('report') / 'report.html'
    path.write_text(page, encoding='utf-8')
    return path


@pytest.fixture(scope='module')
def page(path):
    """The open page, with what the browser complains of and asks for."""
    with open_browser(width=1280, height=800) as page:
        page.goto(path.as_uri())
        yield page


def test_only_the_file_is_asked_for(path, page):
    asked = [url for url in page.requests if not url.startswith('data:')]
    assert asked == [path.as_uri()]
    assert page.complaints == []


def test_all_pictures_are_there(page):
    # The legend, one of the best, two random, one too small; none of the worst.
    pictures = page.eval_on_selector_all(
        'img', 'images => images.map(image => [image.naturalWidth, image.alt])'
    )
    widths, texts = zip(*pictures)
    # Two panels of 148 pixels and the gap.
    assert len(widths) == 5 and widths[0] > 200 and widths[1:] == (304,) * 4
    assert all(texts)
    assert page.locator('figcaption').first.inner_text().endswith('\n00012')
    assert page.locator('h4').all_inner_texts() == [
        'Best: box and class are right, highest overlap first',
        'Worst: box or class is wrong, lowest overlap first: none',
        'Random',
        'Lowest overlap: too small',
    ]


def test_tables_have_the_numbers_of_the_results(page):
    columns = ['map', 'box rule', 'threshold', 'chosen on', 'Top-1', 'MaxBoxAcc']
    row = ['ccam', 'largest_component', '0.19', 'val', '59.7', '88.0']
    localization = [columns, row, [HOSTILE, '', '', '', '3.0', '']]
    errors = [['map', *ERROR_COLUMNS], ['ccam', *'200011']]
    for name, table in dict(localization=localization, errors=errors).items():
        rows = page.locator(f'#{name} tr').all()
        assert [row.locator('th, td').all_inner_texts() for row in rows] == table


def test_the_page_says_what_was_evaluated_and_no_name_is_code(page):
    terms, texts = (page.locator(tag).all_inner_texts() for tag in ('dt', 'dd'))

    assert terms == ['config', 'checkpoint', 'images', 'date', 'versions']
    config, checkpoint, number, _, versions = texts
    assert (config, checkpoint, number) == (f'{HOSTILE}.py', 'a' * 300, '2')
    assert f'torch {torch.__version__}' in versions
    # Python rounds 73.25 to the even digit.
    text = page.inner_text('body')
    assert 'top1 73.2, <i> 1.0' in text and f'cat → {HOSTILE}' in text
    assert page.locator('script, i:not(.key i)').count() == 0


def test_the_bar_has_the_shares_of_the_errors(page):
    parts = page.locator('.bar span').all()

    kinds = [part.get_attribute('class') for part in parts]
    assert kinds == ['right', 'too_small', 'too_large']
    right, small, large = (part.bounding_box()['width'] for part in parts)
    assert right / small == pytest.approx(2, rel=0.05) and small == large


@pytest.mark.parametrize('width', [390, 1280])
def test_the_page_is_no_wider_than_the_window(page, width):
    page.set_viewport_size(dict(width=width, height=800))

    assert page.evaluate('document.documentElement.scrollWidth') == width
    assert not page.evaluate(
        """() => [...document.querySelectorAll('h1, h2, h3, h4, p, dd, img, svg, li')]
        .some(part => part.getBoundingClientRect().right > innerWidth)"""
    )


def contrast(one, other):
    """Contrast of two colours such as ``rgb(0, 0, 0)``, as WCAG 2 defines it."""

    def luminance(colour):
        values = np.array(re.findall(r'\d+', colour)[:3], float) / 255
        low = values <= 0.04045
        linear = np.where(low, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_texts_can_be_read(page, scheme):
    page.emulate_media(color_scheme=scheme)

    ground = page.evaluate('getComputedStyle(document.body).backgroundColor')
    white = contrast(ground, 'rgb(255, 255, 255)')
    assert (white < 2) == (scheme == 'light')
    colours = page.eval_on_selector_all(
        'h1, h2, h3, h4, p, dt, dd, th, td, li, figcaption',
        'parts => [...new Set(parts.map(part => getComputedStyle(part).color))]',
    )
    assert len(colours) == 2  # text and notes
    assert min(contrast(ground, colour) for colour in colours) >= 4.5


def test_texts_of_the_curves_do_not_overlap(page):
    edges = """parts => parts.map(part => part.getBoundingClientRect())
        .map(r => [r.left, r.top, r.right, r.bottom])"""
    pictures = page.locator('svg').all()
    assert len(pictures) == 2
    for picture in pictures:
        outer = np.array(picture.evaluate_all(edges)[0])
        texts = np.array(picture.locator('text').evaluate_all(edges))
        assert len(texts) > 15
        assert (texts[:, :2] >= outer[:2] - 1).all()
        assert (texts[:, 2:] <= outer[2:] + 1).all()
        for one, other in itertools.combinations(texts, 2):
            apart = (one[2:] <= other[:2] + 1) | (other[2:] <= one[:2] + 1)
            assert apart.any(), (one, other)


def test_a_page_has_only_what_was_measured():
    measured = results({'cam/px_ap': 61.27})
    page = render_report(dict(config='c.py'), measured, [], Images(), {})

    assert re.findall('<h2>(.*)</h2>', page) == ['Accuracy']
    assert re.findall('<td[^>]*> *(.*?) *</td>', page) == ['cam', '61.3']
    assert '<img' not in page and '<svg' not in page
