"""Files as published data sets have them."""

from importlib import import_module
from unittest.mock import patch

import mat4py


def write_xml(path, size, objects, database='ILSVRC_2012'):
    """Write an annotation as ImageNet has them, with tabs.

    Args:
        path: File to write.
        size: Width and height of the image.
        objects: Name and box of each object.
        database: What the images are from.
    """
    lines = [
        '<annotation>',
        f'\t<folder>{path.parent.name}</folder>',
        f'\t<filename>{path.stem}</filename>',
        '\t<source>',
        f'\t\t<database>{database}</database>',
        '\t</source>',
        '\t<size>',
        f'\t\t<width>{size[0]}</width>',
        f'\t\t<height>{size[1]}</height>',
        '\t\t<depth>3</depth>',
        '\t</size>',
        '\t<segmented>0</segmented>',
    ]
    for name, *box in objects:
        lines += [
            '\t<object>',
            f'\t\t<name>{name}</name>',
            '\t\t<pose>Unspecified</pose>',
            '\t\t<truncated>0</truncated>',
            '\t\t<difficult>0</difficult>',
            '\t\t<bndbox>',
            *(
                f'\t\t\t<{corner}>{value}</{corner}>'
                for corner, value in zip(('xmin', 'ymin', 'xmax', 'ymax'), box)
            ),
            '\t\t</bndbox>',
            '\t</object>',
        ]
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
