"""How Sphinx builds the documentation: ``sphinx-build -W -n docs docs/_build``."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parents[1]))

import mmccam  # noqa: E402

project = 'mmccam'
version = release = mmccam.__version__
author = copyright = 'mmccam contributors'

# The reference is of the faces: where a name is defined is an inside matter.
for face in ('datasets', 'engine', 'evaluation', 'models', 'visualization'):
    module = import_module(f'mmccam.{face}')
    for name in module.__all__:
        getattr(module, name).__module__ = module.__name__
for name in mmccam._HOMES:
    getattr(mmccam, name).__module__ = 'mmccam'

extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon']
exclude_patterns = ['_build', 'results']
nitpicky = True
# Types of other packages, whose documentation is not at hand without the network.
others = 'PIL abc collections mmcv mmengine mmpretrain np numpy os pathlib pickle torch'
nitpick_ignore_regex = [
    ('py:.*', rf'({others.replace(" ", "|")})\..*'),
    # What is inside, in the bases and hints of what is in a face.
    ('py:.*', r'mmccam\.(\w+\.)?(box_rules|map_boxes)\.Box(Maker|Rule)'),
    ('py:.*', r'mmccam\.models\.pretrained\.Pretrained'),
    ('py:.*', 'DataSample'),  # in quotes, since it is not imported
    ('py:.*', r'mmccam\.apis\.formats\..*'),
]

html_theme = 'furo'
html_title = f'mmccam {version}'
html_show_sphinx = False
html_math_renderer = 'mathml'
html_static_path = ['_static']
html_css_files = ['pages.css']

myst_heading_anchors = 3

add_module_names = False
autodoc_member_order = 'bysource'
autodoc_typehints_format = 'short'
# Methods that fill in what a base class documents are documented there.
autodoc_inherit_docstrings = False
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # fields of named tuples are no members of their own


def _math(display: bool) -> tuple:
    def visit(self: Any, node: nodes.Element) -> None:
        # Formulas as MathML, which browsers draw by themselves: no JavaScript of a CDN.
        self.body.append(tex2mathml(node.astext(), as_block=display))
        raise nodes.SkipNode

    return visit, None


def setup(app: Sphinx) -> None:
    """Register the renderer of formulas."""
    app.add_html_math_renderer('mathml', _math(display=False), _math(display=True))
