"""Every command of the documentation is run, as it stands."""

import pytest
from pages import PAGES, page_script, read_blocks


@pytest.mark.parametrize('name', PAGES)
def test_the_commands_of_a_page_run(name, request):
    script = page_script(name, read_blocks(PAGES[name].read_text()))
    if '==' in script:
        request.getfixturevalue('clone').run(script)
