from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmccam.registry import DATASETS

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.fixture
def write_image():
    """Write a black image of so many pixels."""

    def write(path, width, height):
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))

    return write


@pytest.fixture
def write_xml():
    """Write an annotation as ImageNet has them, with tabs."""

    def write(path, size, objects, database='ILSVRC_2012'):
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

    return write


@pytest.fixture
def build_from_config():
    """Build a data set of a config, with its pipeline, on another folder."""

    def build(name, root, mode='test', **kwargs):
        cfg = Config.fromfile(CONFIGS / f'{name}.py')[f'{mode}_dataloader'].dataset
        return DATASETS.build(dict(cfg, data_root=str(root), **kwargs))

    return build
