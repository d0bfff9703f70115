"""The commands of the documentation, found in the text of its pages."""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path
    for path in (ROOT / 'README.md', *sorted(ROOT.glob('docs/**/*.md')))
    if '_build' not in path.parts
}
CONFIGS = {path.read_text() for path in ROOT.glob('configs/**/*.py')}
# What the blocks of pages may be of: commands, Python, what is only shown, and Sphinx.
LANGUAGES = ('bash', 'python', 'text', '{toctree}', '{include}')
COMMAND = re.compile(
    r'(\w+=\S* )*(python3?|pip|mmccam|export|mpirun|srun|sphinx-build|\S+\.sh) .+'
)


class Block(NamedTuple):
    """A block of a page, or a command within a line.

    Args:
        line: Number of its first line.
        language: What it is of.
        text: What stands in it.
    """

    line: int
    language: str
    text: str


def read_blocks(markdown: str) -> list[Block]:
    """Find the blocks of a page, and the commands in its lines, in their order."""
    blocks = []
    for token in MarkdownIt().enable('table').parse(markdown):
        line = (token.map or [0])[0] + 1
        if token.type == 'fence':
            blocks.append(Block(line, token.info.partition(' ')[0], token.content))
        elif token.type == 'code_block':  # indented
            blocks.append(Block(line, '', token.content))
        for child in token.children or ():
            if child.type == 'code_inline' and COMMAND.fullmatch(child.content):
                blocks.append(Block(line, 'bash', f'{child.content}\n'))
    return blocks


def page_script(name: str, blocks: list[Block]) -> str:
    """Put all of a page into one script for bash, as a reader would type it.

    A block of Python is a script, or a file whose name stands in its first line, as
    ``# configs/mine.py``: a later command of the page must use it. A config of ours is
    only shown.

    Raises:
        ValueError: If a block is of an unknown language, or no command uses a file.
    """
    lines = ['set -eo pipefail']
    for index, (line, language, text) in enumerate(blocks):
        if language not in LANGUAGES:
            raise ValueError(
                f'{name}:{line}: the language of a block must be one of '
                f'{", ".join(LANGUAGES)}, got "{language}"'
            )
        if language == 'bash':
            # A job in the background must succeed, too.
            jobs = 'for job in $(jobs -p); do wait "$job"; done'
            lines += [f'echo "== {name}:{line}" >&2', text, jobs]
        elif language == 'python' and text not in CONFIGS:
            file = re.match(r'# (\S+\.py)\n', text)
            path = file[1] if file else f'.block_{line}.py'
            lines += [f"cat > {shlex.quote(path)} <<'END_OF_BLOCK'", text]
            lines += ['END_OF_BLOCK']
            if not file:
                lines += [f'echo "== {name}:{line}" >&2', f'python {path}']
            elif not _is_used(Path(path), blocks[index + 1 :]):
                raise ValueError(
                    f'{name}:{line}: no command after this block uses {path}'
                )
    return '\n'.join(lines) + '\n'


def _is_used(path: Path, blocks: list[Block]) -> bool:
    names = (str(path), f"'{path.name}'", f"'{path.stem}'")
    return any(
        name in block.text
        for block in blocks
        for name in names
        if block.language in ('bash', 'python')
    )
