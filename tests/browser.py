"""A real browser, where there is one."""

import shutil
from contextlib import contextmanager

import pytest


@contextmanager
def open_browser(**viewport):
    """Open a page, which notes what it asks for and what the browser complains of."""
    chromium = shutil.which('chromium')
    if chromium is None:
        pytest.skip('there is no chromium to open the page in')
    playwright = pytest.importorskip('playwright.sync_api')
    options = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_page(viewport=viewport)
        page.complaints, page.requests = [], []
        page.on('console', lambda message: page.complaints.append(message.text))
        page.on('pageerror', lambda error: page.complaints.append(str(error)))
        page.on('request', lambda request: page.requests.append(request.url))
        yield page
        browser.close()
