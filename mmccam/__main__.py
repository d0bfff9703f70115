"""The command ``mmccam``, also ``python -m mmccam``: the tools as its subcommands."""

import argparse
import ast
import sys
from pathlib import Path
from types import ModuleType

from ._on_import import __version__, home

# The file of each subcommand in tools/.
TOOLS = {
    'train': 'train.py',
    'search': 'search_threshold.py',
    'test': 'test.py',
    'localize': 'localize.py',
    'app': 'app.py',
    'pseudo-boxes': 'make_pseudo_boxes.py',
    'eval-maps': 'eval_maps.py',
    'check-data': 'check_data.py',
    'demo-data': 'make_demo_data.py',
    'convert': 'convert_checkpoint.py',
    'export': 'export.py',
    'figures': 'draw_figures.py',
    'run-plan': 'run_plan.py',
    'baselines': 'score_baselines.py',
    'tables': 'make_tables.py',
    'benchmark': 'benchmark.py',
}


def main() -> None:
    """Run the tool that the command line names."""
    tools = home() / 'tools'
    parser = argparse.ArgumentParser(
        prog='mmccam',
        description='Weakly supervised object localization: boxes from image labels.',
        epilog=describe(tools),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('--version', action='version', version=f'mmccam {__version__}')
    add('command', choices=TOOLS, metavar='command', help='one of those below')
    what = 'its arguments; --help shows them'
    add('arguments', nargs=argparse.REMAINDER, metavar='...', help=what)
    if len(sys.argv) == 1:
        parser.exit(2, parser.format_help())
    args = parser.parse_args()
    run(tools / TOOLS[args.command], f'mmccam {args.command}', args.arguments)


def describe(tools: Path) -> str:
    """A line for each subcommand: the first of what its tool says of itself."""
    lines = ['commands:']
    for name, file in TOOLS.items():
        text = ast.get_docstring(ast.parse((tools / file).read_bytes()))
        lines.append(f'  {name:13} {text.splitlines()[0]}')
    return '\n'.join(lines)


def run(file: Path, name: str, arguments: list[str]) -> None:
    """Run a file as Python runs a script, but under another name.

    ``runpy`` would name it by its path in the usage and in errors.
    """
    script = ModuleType('__main__')
    script.__file__ = str(file)
    sys.modules['__main__'] = script  # where its classes are looked up
    sys.argv = [name, *arguments]
    sys.path.insert(0, str(file.parent))
    exec(compile(file.read_bytes(), file, 'exec'), vars(script))


if __name__ == '__main__':
    main()
