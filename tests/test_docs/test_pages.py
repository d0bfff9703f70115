"""Every command of the documentation is run, as it stands."""

import pkgutil
import re
from importlib import import_module

import pytest
from pages import PAGES, ROOT, page_script, read_blocks

import mmccam

# What pages need besides the extras `lite` and `tests`. CI runs them where it is.
NEEDED = {'docs/downstream.md': 'mmdet'}


@pytest.mark.slow
@pytest.mark.parametrize('name', PAGES)
def test_the_commands_of_a_page_run(name, request):
    blocks = read_blocks(PAGES[name].read_text())
    script = page_script(name, blocks)
    if name in NEEDED:
        pytest.importorskip(NEEDED[name])
    if {'bash', 'python'} & {block.language for block in blocks}:
        request.getfixturevalue('clone').run(script)


@pytest.mark.parametrize('name', PAGES)
def test_the_options_that_a_page_names_are_options_of_the_tools(name):
    sources = [path.read_text() for path in (ROOT / 'tools').glob('*.py')]
    known = set(re.findall(r"'(--[a-z-]+)'", ''.join(sources)))
    # Of pip, and of all programs.
    known |= {'--no-build-isolation', '--only-binary', '--help'}

    named = re.findall(r'`[^`]*?(?<![\w-])(--[a-z][a-z-]*)', PAGES[name].read_text())
    assert set(named) <= known


def test_the_api_reference_is_of_the_faces():
    pages = [path.read_text() for path in (ROOT / 'docs/api').glob('*.rst')]
    described = re.findall(r'automodule:: (\S+)', '\n'.join(pages))
    packages = [
        module.name
        for module in pkgutil.iter_modules(mmccam.__path__, 'mmccam.')
        if module.ispkg and getattr(import_module(module.name), '__all__', None)
    ]
    # The only name of mmccam.apis is also in mmccam.
    faces = ['mmccam', *packages]
    assert set(faces) - {'mmccam.apis'} <= set(described)
    assert len(described) == len(set(described))
    names = {name for face in faces for name in import_module(face).__all__}
    assert len(names) <= 60


def scripted(markdown):
    return page_script('page.md', read_blocks(markdown))


@pytest.mark.parametrize(
    'markdown',
    [
        '```bash\necho found\n```',
        '- a list\n  ```bash\n  echo found\n  ```',
        'a line with `python found.py` in it',
        '| a | table |\n|---|---|\n| with | `A=1 tools/found.sh x` |',
        '```python\nfound = 1\n```',
    ],
)
def test_a_command_is_found_wherever_it_stands(markdown):
    assert 'found' in scripted(markdown)


@pytest.mark.parametrize('fence', ['```', '```sh', '```console', '```Python'])
def test_a_block_that_would_not_be_run_is_refused(fence):
    with pytest.raises(ValueError, match='page.md:3: the language of a block must be'):
        scripted(f'# Title\n\n{fence}\nls\n```\n')


def test_an_indented_block_is_refused():
    with pytest.raises(ValueError, match='page.md:3: the language of a block must be'):
        scripted('text\n\n    ls\n')


def test_a_file_that_no_command_uses_is_refused():
    file = '```python\n# configs/mine.py\nx = 1\n```\n'

    assert 'mine' in scripted(f'{file}\n```bash\npython a.py configs/mine.py\n```\n')
    with pytest.raises(ValueError, match='page.md:5: no command after .* configs/mine'):
        scripted(f'```bash\npython a.py configs/mine.py\n```\n\n{file}')


@pytest.mark.slow
@pytest.mark.parametrize(
    'markdown',
    [
        '```bash\npython tools/train.py no_config.py\necho on\n```',
        '```bash\nfalse &\ntrue\n```',
        '```bash\npython no_script.py | cat\n```',
        '```python\nimport no_module\n```',
        '`python tools/train.py --no-option`',
        "`pip install -e '.[no_extra]'`",
        '`sphinx-build --no-such docs out`',
    ],
)
def test_a_command_that_fails_is_told(after_the_demo, markdown):
    with pytest.raises(AssertionError):
        after_the_demo.run(scripted(markdown))
