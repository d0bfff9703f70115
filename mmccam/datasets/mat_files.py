"""MATLAB files with one entry an image, as Stanford Cars and Dogs have them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Optional, Union

import mat4py
import numpy as np


def read_mat(
    path: Union[str, Path], names: Sequence[str], struct: Optional[str] = None
) -> list[tuple]:
    """Read variables of a MATLAB file.

    Args:
        path: File.
        names: Names of the variables.
        struct: Name of the structure that they are fields of. Defaults to none.

    Returns:
        The values of all variables for each image.
    """
    try:
        data = mat4py.loadmat(str(path))
        data = data[struct] if struct else data
        # Rows, columns and single entries come in different nestings.
        columns = [np.ravel(data[name]).tolist() for name in names]
        if len({len(column) for column in columns}) > 1:
            raise ValueError('variables of different lengths')
        return list(zip(*columns))
    except OSError:
        raise
    except Exception as error:  # the parser raises anything at a broken file
        raise ValueError(
            f'{path} must be a MATLAB file with {", ".join(names)} for each image, '
            f'got {error!r}'
        ) from error
