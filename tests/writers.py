"""Files as published data sets have them."""

from importlib import import_module
from unittest.mock import patch

import mat4py


def write_xml(path, size, objects, database='ILSVRC_2012'):
    """Write an annotation as ImageNet has them, with name and box of each object."""
    corners = ('xmin', 'ymin', 'xmax', 'ymax')
    lines = [
        '<annotation>',
        f'\t<folder>{path.parent.name}</folder>',
        f'\t<filename>{path.stem}</filename>',
        f'\t<source><database>{database}</database></source>',
        f'\t<size><width>{size[0]}</width><height>{size[1]}</height></size>',
    ]
    for name, *box in objects:
        values = ''.join(f'<{tag}>{value}</{tag}>' for tag, value in zip(corners, box))
        lines.append(f'\t<object><name>{name}</name><bndbox>{values}</bndbox></object>')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join([*lines, '</annotation>', '']))


def write_dogs_list(path, names, labels):
    """Write a list of Stanford Dogs: columns, which mat4py only makes of numbers."""
    writer = import_module('mat4py.savemat')
    guess_header = writer.guess_header

    def guess_column(array, name=''):
        header, array = guess_header(array, name)
        if header['mclass'] == 'mxCELL_CLASS':
            header['dims'], array = (len(array), 1), [[item] for item in array]
        return header, array

    path.parent.mkdir(exist_ok=True)
    data = dict(
        file_list=[f'{name}.jpg' for name in names],
        annotation_list=names,
        labels=[[label] for label in labels],
    )
    with patch.object(writer, 'guess_header', guess_column):
        mat4py.savemat(str(path), data)
