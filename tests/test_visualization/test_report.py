"""The page of an evaluation, opened in a real browser."""

import itertools
import re
import shutil

import numpy as np
import pytest
import torch

from mmccam.evaluation import MaxBoxAcc
from mmccam.visualization.report import render_report
from mmccam.visualization.tables import ERROR_COLUMNS, LOCALIZATION_COLUMNS, metric_rows

HOSTILE = '<script>document.title = "run"</script>&amp;'
METRICS = {
    'accuracy/top1': 73.25,
    'ccam/box_rule': 'cam',
    'ccam/threshold': 0.194,
    'ccam/chosen_on': 'val',
    'ccam/top1_loc': 59.66,
    'ccam/max_box_acc_50': 88.0,
    'ccam/right': 2,
    'ccam/class_wrong': 0,
    'ccam/nothing_found': 0,
    'ccam/several_objects': 0,
    'ccam/too_small': 1,
    'ccam/too_large': 1,
}
FOUND = dict(
    provenance=dict(split='val', num_images=120),
    thresholds=dict(
        ccam=[dict(box_rule='nlccam_released', threshold=0.2, gt_known_loc=90.0)]
    ),
    curves=dict(
        thresholds=[0.1, 0.2, 0.3],
        gt_known_loc=dict(
            ccam={
                rule: {iou: [80.0, 90.0, 70.0] for iou in ('0.3', '0.5', '0.7')}
                for rule in ('cam', 'nlccam_released')
            }
        ),
    ),
)


def results(**more):
    metrics = {**METRICS, **more}
    return dict(
        metrics=metrics,
        localization=metric_rows(metrics, LOCALIZATION_COLUMNS),
        errors=metric_rows(metrics, ERROR_COLUMNS),
        provenance=None,
    )


@pytest.fixture
def write(tmp_path, images, metric_of, outcome):
    """Write a page of two images and a class with a hostile name."""

    def write(found=FOUND, dataset=None, more=(), **metrics):
        dataset = dataset or images(('cat', HOSTILE))
        curves = MaxBoxAcc('ccam', step=0.25)
        curves.correct = np.array([[[1, 2, 1, 0]] * 3, [[2, 2, 1, 0]] * 3])
        found_images = metric_of(
            dict(
                best=[outcome(kind='right')],
                random=[outcome(kind='right', labels=(0, 1)), outcome()],
                too_small=[outcome()],
            )
        )
        about = dict(config=f'{HOSTILE}.py', checkpoint='a' * 300)
        path = tmp_path / 'report.html'
        path.write_text(
            render_report(
                about, results(**metrics), [found_images, curves, *more], dataset, found
            ),
            encoding='utf-8',
        )
        return path

    return write


@pytest.fixture(scope='module')
def browser():
    chromium = shutil.which('chromium')
    if chromium is None:
        pytest.skip('there is no chromium to open the page in')
    playwright = pytest.importorskip('playwright.sync_api')
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium,
            args=[
                '--no-sandbox',
                '--disable-gpu',
                '--disable-background-networking',
                '--disable-component-update',
                '--disable-sync',
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser):
    """Open a file and collect what the browser complains of and asks for."""
    contexts = []

    def open_page(path, width=1280, scheme='light'):
        viewport = dict(width=width, height=800)
        contexts.append(browser.new_context(viewport=viewport, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.complaints, page.requests = [], []
        page.on('console', lambda message: page.complaints.append(message.text))
        page.on('pageerror', lambda error: page.complaints.append(str(error)))
        page.on('request', lambda request: page.requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_nothing_is_asked_for_but_the_file(write, open_page):
    path = write()
    page = open_page(path)

    assert [url for url in page.requests if not url.startswith('data:')] == [
        path.as_uri()
    ]
    assert page.complaints == []


def test_all_pictures_are_there(write, open_page):
    page = open_page(write())

    # The legend, one of the best, two random, one too small; none of the worst.
    widths = page.eval_on_selector_all(
        'img', 'images => images.map(image => image.naturalWidth)'
    )
    # Two panels of 148 pixels and the gap.
    assert len(widths) == 5 and widths[0] > 200 and widths[1:] == [304] * 4
    alt = page.eval_on_selector_all('img', 'images => images.map(image => image.alt)')
    assert all(alt)
    headings = page.locator('h4').all_inner_texts()
    assert [heading.partition(':')[0] for heading in headings] == [
        *('Best', 'Worst', 'Random', 'Lowest overlap')
    ]
    assert headings[1].endswith(': none')


def test_tables_have_the_numbers_of_the_results(write, open_page):
    page = open_page(write())

    for name, table in (
        (
            'localization',
            [
                ['map', 'box rule', 'threshold', 'chosen on', 'Top-1', 'MaxBoxAcc'],
                ['ccam', 'cam', '0.19', 'val', '59.7', '88.0'],
            ],
        ),
        ('errors', [['map', *ERROR_COLUMNS], ['ccam', *'200011']]),
    ):
        rows = page.locator(f'#{name} tr').all()
        assert [row.locator('th, td').all_inner_texts() for row in rows] == table
    # Python rounds 73.25 to the even digit.
    assert 'top1 73.2' in page.inner_text('body')


def test_the_page_says_what_was_evaluated(write, open_page):
    page = open_page(write())

    terms, texts = (page.locator(tag).all_inner_texts() for tag in ('dt', 'dd'))
    about = dict(zip(terms, texts))
    assert list(about) == ['config', 'checkpoint', 'images', 'date', 'versions']
    assert (about['checkpoint'], about['images']) == ('a' * 300, '2')
    assert f'torch {torch.__version__}' in about['versions']


def test_the_bar_has_the_shares_of_the_errors(write, open_page):
    page = open_page(write())

    parts = page.locator('.bar span').all()
    assert [part.get_attribute('class') for part in parts] == [
        *('right', 'too_small', 'too_large')
    ]
    right, small, large = (part.bounding_box()['width'] for part in parts)
    assert right / small == pytest.approx(2, rel=0.05) and small == large


@pytest.mark.parametrize('width', [390, 1280])
def test_the_page_is_no_wider_than_the_window(write, open_page, width):
    page = open_page(write(), width)

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


def test_contrast_of_black_and_white():
    assert contrast('rgb(0, 0, 0)', 'rgb(255, 255, 255)') == pytest.approx(21)
    # From WebAIM's checker.
    assert contrast('rgb(119, 119, 119)', 'rgb(255, 255, 255)') == pytest.approx(
        4.48, abs=0.01
    )


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_texts_can_be_read(write, open_page, scheme):
    page = open_page(write(), scheme=scheme)

    ground = page.evaluate('getComputedStyle(document.body).backgroundColor')
    assert (contrast(ground, 'rgb(255, 255, 255)') < 2) == (scheme == 'light')
    colours = page.eval_on_selector_all(
        'h1, h2, h3, h4, p, dt, dd, th, td, li, figcaption',
        'parts => [...new Set(parts.map(part => getComputedStyle(part).color))]',
    )
    assert len(colours) == 2  # text and notes
    assert min(contrast(ground, colour) for colour in colours) >= 4.5


def test_texts_of_the_curves_do_not_overlap(write, open_page):
    page = open_page(write())

    assert page.locator('svg').count() == 2
    for svg in page.locator('svg').all():
        texts = svg.locator('text').all()
        boxes = {text.text_content(): text.bounding_box() for text in texts}
        assert 'threshold' in boxes and len(texts) > 15
        outer = svg.bounding_box()
        for one, other in itertools.combinations([t.bounding_box() for t in texts], 2):
            apart = [
                one[start] + one[side] <= other[start] + 1
                or other[start] + other[side] <= one[start] + 1
                for start, side in (('x', 'width'), ('y', 'height'))
            ]
            assert any(apart), (one, other)
        for box in boxes.values():
            assert outer['x'] <= box['x'] + 1
            assert box['x'] + box['width'] <= outer['x'] + outer['width'] + 1


def test_names_are_no_code(write, open_page):
    path = write(**{f'{HOSTILE}/top1_loc': 3.0, 'accuracy/<i>': 1.0})
    page = open_page(path)

    text = page.inner_text('body')
    assert f'{HOSTILE}.py' in text and f'cat → {HOSTILE}' in text
    assert f'{HOSTILE}\t' in text and '<i> 1.0' in text
    assert page.locator('script, i:not(.key i)').count() == 0


def test_a_page_has_only_what_was_measured(tmp_path, images, open_page):
    metrics = {'cam/px_ap': 61.27}
    rows = metric_rows(metrics, LOCALIZATION_COLUMNS)
    page_of = dict(metrics=metrics, localization=rows, errors=[], provenance=None)
    path = tmp_path / 'report.html'
    path.write_text(render_report({'config': 'c.py'}, page_of, [], images(), {}))

    page = open_page(path)

    assert page.locator('h2').all_inner_texts() == ['Accuracy']
    assert page.locator('#localization td').all_inner_texts() == ['cam', '61.3']
    assert page.locator('img, svg').count() == 0
