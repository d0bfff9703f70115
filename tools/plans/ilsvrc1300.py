"""Maps of the classifier of ImageNet that `pip install` brings: nothing is trained."""

import os

maps = dict(tool='benchmarks/imagenet_maps.py', suffix='.md')
folder = os.environ.get('MMCCAM_DATA_ROOT') or '../shared/data/ilsvrc1300'
classes = ('1000', '200', '27', '27_alike', '27_unlike', '3')
lines = [
    dict(maps, name='sides', arguments=[folder]),
    dict(
        maps,
        name='classes',
        arguments=[folder, '--sizes', '224', '--classes', *classes],
    ),
]
