"""Write results while they come: predictions, pictures, maps."""

import glob
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Optional, Union

import mmcv
import numpy as np

from .images import Image, Images


class ResultFiles:
    """The folder that results are written to.

    - ``predictions.json``: a list with the result of each image, one a line. While it
      grows it is called ``predictions.json.tmp``; if the work breaks off, that stays
      with the results so far.
    - ``pictures/<image>.jpg``: image and map with the box.
    - ``maps/<image>.npz``: the maps of the most probable class by name, (h, w),
      float32, at the size of the feature map.

    ``<image>`` is the path below the folder that all images are in, or the number of
    an array.

    Args:
        out_dir: The folder, which is made.
        inputs: What names the images.
        images: Those of them that are known before.
        save_maps: Whether maps are written.

    Raises:
        ValueError: If the folder lies in one of the images, or an image in it.
    """

    def __init__(
        self,
        out_dir: Union[str, Path],
        inputs: Images,
        images: Sequence[Image],
        save_maps: bool,
    ) -> None:
        self.out_dir = Path(out_dir)
        self.save_maps = save_maps
        folders = _folders(inputs)
        self.root = os.path.commonpath(folders) if folders else os.getcwd()
        place = self.out_dir.resolve()
        for folder in map(Path, filter(os.path.isdir, _named(inputs))):
            if folder.resolve() in (place, *place.parents):
                raise ValueError(
                    f'the folder of results {out_dir} lies in that of the images, '
                    f'{folder}: its pictures would be taken for images another time'
                )
        prefix = os.path.join(os.path.abspath(out_dir), '')
        for image in images:
            if isinstance(image, str) and os.path.abspath(image).startswith(prefix):
                raise ValueError(
                    f'{image} lies in the folder of results {out_dir}: name images '
                    'that are no results'
                )

    def write_all(self, results: Iterable[dict]) -> Iterator[dict]:
        """Write each result, and pass it on.

        Args:
            results: With ``img_path``, ``predictions`` or ``error``, and ``picture``,
                (H, W, 3), uint8, RGB, if there is one.

        Raises:
            OSError: If something cannot be written.
        """
        with self._naming_errors():
            self.out_dir.mkdir(parents=True, exist_ok=True)
            target = self.out_dir / 'predictions.json'
            growing = target.with_suffix('.json.tmp')
            # A path that is no UTF-8 has its bytes as JSON escapes them.
            file = open(growing, 'w', encoding='utf-8', errors='backslashreplace')
        with file:
            file.write('[')
            for index, result in enumerate(results):
                with self._naming_errors():
                    line = json.dumps(public(result), ensure_ascii=False)
                    file.write(f'{"," if index else ""}\n{line}')
                    self._write_arrays(result, self._name(result['img_path'], index))
                yield result
            file.write('\n]\n')
        os.replace(growing, target)

    @contextmanager
    def _naming_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OSError(f'cannot write results to {self.out_dir}: {error}') from error

    def _write_arrays(self, result: dict, name: str) -> None:
        if 'picture' in result:
            path = self.out_dir / 'pictures' / f'{name}.jpg'
            mmcv.imwrite(mmcv.rgb2bgr(result['picture']), str(path))
        if self.save_maps and 'predictions' in result:
            path = self.out_dir / 'maps' / f'{name}.npz'
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, **result['predictions'][0]['cams'])

    def _name(self, path: Optional[str], index: int) -> str:
        if path is None:
            return f'{index:06d}'
        if '://' in path:
            parts = path.partition('://')[2].replace('\\', '/').split('/')
            return '/'.join(part for part in parts if part.strip('.'))
        path = os.path.abspath(path)
        name = os.path.relpath(path, self.root)
        # Of a generator's images, which have no common folder that is known before.
        return os.path.splitdrive(path)[1][1:] if name.startswith('..') else name


def public(result: dict, with_cams: bool = False) -> dict:
    """A result without what only serves to write it.

    Args:
        result: With ``cams`` of each prediction, and ``picture``, if there are any.
        with_cams: Whether to leave the maps in it.
    """
    result = {key: value for key, value in result.items() if key != 'picture'}
    if 'predictions' in result and not with_cams:
        result['predictions'] = [
            {key: value for key, value in prediction.items() if key != 'cams'}
            for prediction in result['predictions']
        ]
    return result


def _named(inputs: Images) -> list[str]:
    """The files, folders and patterns among the images."""
    if isinstance(inputs, (str, Path)):
        inputs = [inputs]
    if not isinstance(inputs, (list, tuple)):
        return []
    return [str(one) for one in inputs if isinstance(one, (str, Path))]


def _folders(inputs: Images) -> list[str]:
    """The folders that the images are in, as far as they are named."""
    folders = []
    for name in _named(inputs):
        while glob.has_magic(name) and not os.path.exists(name):
            name = os.path.dirname(name)
        if '://' not in name:
            path = os.path.abspath(name)
            folders.append(path if os.path.isdir(path) else os.path.dirname(path))
    return folders
