"""Tables 1-7 of the NL-CCAM paper (Yang et al., WACV 2020): rows, columns, numbers.

All are errors in percent, as they are printed. '' stands for a number that is not
printed, or that could not be checked here: all of the authors' own networks.
"""

from dataclasses import dataclass
from typing import Optional

# The styles of tabulate by the suffixes of files of tables.
STYLES = {'.txt': 'simple', '.md': 'github', '.tex': 'latex_booktabs', '.csv': ''}
ILSVRC, CUB = 'ILSVRC', 'CUB-200-2011'
# Class of the data set, split and number of images of the paper's evaluation.
DATA = {ILSVRC: ('ILSVRC', 'val', 50000), CUB: ('CUB', 'test', 5794)}
CAM = 'top-1 & bottom-0'
CCAM = {ILSVRC: 'top-1 & bottom-10', CUB: 'quadratic'}
RELEASED = 'quadratic of the released code'
DEGREES = ('step', 'linear', 'quadratic', 'cubic')  # of polynomials
# The names of places of non-local blocks, by the stages that they follow.
NONE, ALL = 'no blocks', 'low and high level'
BLOCKS = {(): NONE, (2, 3): 'low level', (4, 5): 'high level', (2, 3, 4, 5): ALL}
# Rows of ours: in Tables 1 and 2 by the blocks, in Tables 3 to 5 by the map, too.
NETWORKS = {NONE: 'VGGnet-GAP', ALL: 'NL-CCAM'}
METHODS = {
    (NONE, 'CAM'): 'VGGnet-GAP',
    (NONE, 'CCAM'): 'VGGnet-CCAM',
    (ALL, 'CCAM'): 'NL-CCAM',
}
# The configs of other methods with VGG-16, by the names of the methods.
CONFIGS = {
    f'{method.lower()}_vgg16_{data}': method
    for method in ('ACoL', 'ADL', 'CutMix', 'HaS', 'SPG')
    for data in ('cub', 'custom', 'ilsvrc', 'openimages30k')
}


@dataclass(frozen=True)
class Table:
    """A table of the paper.

    Args:
        title: What it measures.
        data: Data set of its numbers, or None for any.
        columns: Titles of the columns.
        rows: The printed number of each column, for each row.
    """

    title: str
    data: Optional[str]
    columns: tuple[str, ...]
    rows: dict[str, tuple[str, ...]]


TOP = ('Top-1', 'Top-5')
ANY = (*TOP, 'GT-known')
MAPS = ('CAM', 'CCAM')
NOT_AT_HAND = ('', '', '')
TABLES = {
    1: Table(
        'Classification error',
        ILSVRC,
        TOP,
        {'VGGnet-GAP': ('33.4', ''), 'ACoL': ('32.5', ''), 'NL-CCAM': ('', '')},
    ),
    2: Table(
        'Classification error',
        CUB,
        TOP,
        {
            'GoogLeNet-GAP on full image': ('37.0', ''),
            'GoogLeNet-GAP on crop': ('32.2', ''),
            'GoogLeNet-GAP on box': ('29.5', ''),
            'ACoL': ('28.1', ''),
            'VGGnet-GAP': ('', ''),
            'NL-CCAM': ('', ''),
        },
    ),
    3: Table(
        'Localization error',
        ILSVRC,
        TOP,
        {
            'Backprop on GoogLeNet': ('61.31', '50.55'),
            'Backprop on VGGnet': ('61.12', '51.46'),
            'AlexNet-GAP': ('67.19', '52.16'),
            'GoogLeNet-GAP': ('56.40', '43.00'),
            'VGGnet-GAP': ('57.20', '45.14'),
            'GoogLeNet-HaS-32': ('54.79', ''),
            'GoogLeNet-ACoL': ('53.28', '42.58'),
            'VGGnet-ACoL': ('54.17', '40.57'),
            'SPG-plain': ('53.71', '41.81'),
            'SPG': ('51.40', '40.00'),
            'VGGnet-CCAM': ('', ''),
            'NL-CCAM': ('', ''),
        },
    ),
    4: Table(
        'Localization error',
        CUB,
        TOP,
        {
            'GoogLeNet-GAP': ('59.00', ''),
            'ACoL': ('54.08', '43.49'),
            'SPG-plain': ('56.33', '46.47'),
            'SPG': ('53.36', '42.28'),
            'VGGnet-GAP': ('', ''),
            'VGGnet-CCAM': ('', ''),
            'NL-CCAM': ('', ''),
        },
    ),
    5: Table(
        'Localization error with known class',
        ILSVRC,
        ('GT-known',),
        {
            'AlexNet-GAP': ('45.01',),
            'AlexNet-HaS': ('41.25',),
            'AlexNet-GAP-ensemble': ('42.98',),
            'AlexNet-HaS-ensemble': ('39.67',),
            'GoogLeNet-GAP': ('41.34',),
            'GoogLeNet-HaS-32': ('39.71',),
            'Deconv': ('41.60',),
            'Feedback': ('38.80',),
            'MWP': ('38.70',),
            'ACoL': ('37.04',),
            'SPG-plain': ('37.32',),
            'SPG': ('35.31',),
            'VGGnet-GAP': ('',),
            'VGGnet-CCAM': ('',),
            'NL-CCAM': ('',),
        },
    ),
    6: Table(
        'Localization error by the combination function',
        None,
        ANY,
        dict.fromkeys(
            [
                *(f'top-1 & bottom-{j}' for j in (0, 1, 10, 20)),
                'top-0 & bottom-1',
                *DEGREES,
            ],
            NOT_AT_HAND,
        ),
    ),
    7: Table(
        'Localization error by the places of non-local blocks',
        CUB,
        ANY,
        dict.fromkeys(
            [
                f'{place}, {name}'
                for place in BLOCKS.values()
                for name in ('CAM', 'CCAM')
            ],
            NOT_AT_HAND,
        ),
    ),
}
