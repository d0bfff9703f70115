"""The result of an image, and the files that results are written to as they come."""

import glob
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path
from typing import Optional

import cv2
import mmcv
import numpy as np

from ..checkpoints.saving import one_writer, whole_file
from ..structures import relative_path
from ..visualization.overlay import MIN_SIDE, draw_localization
from .images import Image, Images

LONGEST_NAME = 250  # bytes without a suffix: file systems have 255


def result_name(path: Optional[str], index: int, root: str) -> str:
    """Name the files of an image's result: its path below the folder ``root``.

    Other images have their complete path, addresses a path that begins with the host,
    arrays (``path`` is None) their number. Names that leave no room for a suffix are
    cut, and end with a checksum.
    """
    if path is None:
        return f'{index:06d}'
    if '://' in path:
        parts = path.partition('://')[2].replace('\\', '/').split('/')
        return '/'.join(_cut(part) for part in parts if part.strip('.'))
    path = Path(os.path.abspath(path))
    root = root if Path(root) in path.parents else path.anchor
    folder, slash, name = relative_path(dict(img_path=str(path)), root).rpartition('/')
    return folder + slash + _cut(name)


def _cut(name: str) -> str:
    encoded = os.fsencode(name)
    if len(encoded) <= LONGEST_NAME:
        return name
    return f'{os.fsdecode(encoded[:200])}-{hashlib.sha256(encoded).hexdigest()[:16]}'


def public(result: dict, with_cams: bool = False) -> dict:
    """A result without ``picture`` and, unless they are asked for, ``cams``."""
    result = {key: value for key, value in result.items() if key != 'picture'}
    if 'predictions' in result and not with_cams:
        result['predictions'] = [
            {key: value for key, value in prediction.items() if key != 'cams'}
            for prediction in result['predictions']
        ]
    return result


def draw_result(bgr: np.ndarray, result: dict, map_name: str) -> np.ndarray:
    """Draw an image, (H, W, 3), BGR, with map and box of its most probable class."""
    best = result['predictions'][0]
    return draw_localization(
        bgr[..., ::-1],
        best['cams'][map_name],
        best['box'],
        np.empty((0, 4)),
        title=f'{best["class_name"]}: {best["score"]:.0%}',
        side=min(1024, max(MIN_SIDE, *bgr.shape[:2])),
    )


class ResultFiles:
    """The folder that results are written to.

    - ``predictions.json``: a list with the result of each image, one a line. While it
      grows it is called ``predictions.json.tmp``, which stays if the work breaks off.
    - ``pictures/<image>.jpg``: image and map with the box.
    - ``maps/<image>.npz``: the maps of the most probable class by name, (h, w).

    Args:
        out_dir: The folder; it must not lie in a folder of images.
        inputs: The images as the user has named them.
        images: The images that are known before; none must lie in the folder.
        save_maps: Whether maps are written.
    """

    def __init__(
        self, out_dir: str, inputs: Images, images: Sequence[Image], save_maps: bool
    ) -> None:
        self.out_dir = Path(out_dir)
        self.save_maps = save_maps
        inputs = [inputs] if isinstance(inputs, (str, Path)) else inputs
        known = inputs if isinstance(inputs, (list, tuple)) else ()
        named = [str(one) for one in known if isinstance(one, (str, Path))]
        folders = [_folder(name) for name in named if '://' not in name]
        self.root = os.path.commonpath(folders) if folders else os.getcwd()
        place = self.out_dir.resolve()
        for folder in map(Path, filter(os.path.isdir, named)):
            if folder.resolve() in (place, *place.parents):
                raise ValueError(
                    f'the folder of results {out_dir} lies in that of the images, '
                    f'{folder}: next time its pictures would be found as images'
                )
        prefix = os.path.join(os.path.abspath(out_dir), '')
        for image in images:
            if isinstance(image, str) and os.path.abspath(image).startswith(prefix):
                place = f'lies in the folder of results {out_dir}'
                raise ValueError(f'{image} {place}: name other images')

    def write_all(self, results: Iterable[dict]) -> Iterator[dict]:
        """Write each result, and pass it on."""
        target = self.out_dir / 'predictions.json'
        growing = target.with_suffix('.json.tmp')
        with ExitStack() as stack:
            with self._naming_errors():
                stack.enter_context(one_writer(self.out_dir))
                self._refuse_earlier()
                file = stack.enter_context(open(growing, 'wb', buffering=0))
                _append(file, '[')
            for index, result in enumerate(results):
                with self._naming_errors():
                    name = result_name(result['img_path'], index, self.root)
                    self._write_arrays(result, name)
                    line = json.dumps(public(result), ensure_ascii=False)
                    _append(file, f'{"," if index else ""}\n{line}')
                yield result
            with self._naming_errors():
                _append(file, '\n]\n')
                os.fsync(file.fileno())
                os.replace(growing, target)

    def _refuse_earlier(self) -> None:
        """Raise an error if files of earlier results would be among these."""
        for name in ('pictures', 'maps'):
            if any(self.out_dir.glob(f'{name}/*')):
                raise FileExistsError(
                    f'{name} of an earlier run are there: delete them, or name another '
                    'folder'
                )

    @contextmanager
    def _naming_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OSError(f'cannot write results to {self.out_dir}: {error}') from error

    def _write_arrays(self, result: dict, name: str) -> None:
        if 'picture' in result:
            path = self.out_dir / 'pictures' / f'{name}.jpg'
            _, content = cv2.imencode('.jpg', mmcv.rgb2bgr(result['picture']))
            with whole_file(path) as file:
                file.write(content)
        if self.save_maps and 'predictions' in result:
            with whole_file(self.out_dir / 'maps' / f'{name}.npz') as file:
                np.savez(file, **result['predictions'][0]['cams'])


def _append(file: FileIO, text: str) -> None:
    """Append a text to a file at once, all of it or, with an OSError, nothing."""
    # A path that is not UTF-8 has its bytes as JSON escapes them.
    end, content = file.tell(), text.encode(errors='backslashreplace')
    if file.write(content) < len(content):
        file.truncate(end)
        raise OSError('the disk is full')


def _folder(name: str) -> str:
    """The folder that a file, a folder or a pattern names."""
    while glob.has_magic(name) and not os.path.exists(name):
        name = os.path.dirname(name)
    path = os.path.abspath(name)
    return path if os.path.isdir(path) else os.path.dirname(path)
