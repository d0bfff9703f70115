"""The result of an image, and the files that results are written to as they come."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Optional

import cv2
import numpy as np

from ..visualization.overlay import MIN_SIDE, draw_localization
from ..whole_files import one_writer, whole_file
from .formats import FORMATS
from .images import EXTENSIONS, File, Image, Images
from .lines import Lines, common_folder, paths_of, result_name
from .shares import Parts


def public(result: dict, with_cams: bool = False) -> dict:
    """A result without what is only used inside and, unless asked for, ``cams``."""
    inside = ('picture', 'index', 'sample')
    result = {key: value for key, value in result.items() if key not in inside}
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


def show_picture(
    result: dict, show: bool, wait_time: float, folder: Optional[File]
) -> None:
    """Show the picture of a result, and write it to a folder if one is named.

    The window stays for ``wait_time`` seconds, 0 is until a key is pressed.

    Raises:
        ValueError: If there can be no window.
    """
    bgr = result['picture'][..., ::-1]
    if folder is not None:
        name = Path(result['img_path'] or f'{result["index"]:06d}').name
        _, content = cv2.imencode('.png', bgr)
        with whole_file(Path(folder, f'{name}.png')) as file:
            file.write(content)
    if show:
        try:
            cv2.imshow('mmccam', bgr)
            cv2.waitKey(round(1000 * wait_time))
        except cv2.error as error:
            raise ValueError(
                'show needs a display, and an OpenCV that opens windows; show_dir '
                'writes the pictures'
            ) from error


@dataclass(frozen=True)
class Writing:
    """What is written, beside the lines, and whether results there are kept."""

    draw: bool  #: whether pictures are written
    save_maps: bool  #: whether maps are written
    formats: tuple[str, ...]  #: names of :data:`~mmccam.apis.formats.FORMATS`
    resume: bool  #: whether to go on behind the results that are there

    def __post_init__(self) -> None:
        for name in self.formats:
            if name not in FORMATS:
                known = ', '.join(FORMATS)
                raise ValueError(f'there is no format "{name}", only {known}')


class ResultFiles:
    """The folder that results are written to.

    - ``predictions.jsonl``: the result of each image, one a line, in the order of the
      images. It is there while the work goes on; several processes each have a part of
      it, which the last one merges.
    - ``predictions.json`` and others: the formats that are asked for, at the end.
    - ``pictures/<image>``, a JPEG: image and map with the box.
    - ``maps/<image>.npz``: the maps of the most probable class by name, (h, w).

    Args:
        out_dir: The folder; it must not lie in a folder of images.
        inputs: The images as the user has named them.
        images: The images that are known before; none must lie in the folder.
        writing: What is written.
        classes: Names of the classes, if they have names.
    """

    def __init__(
        self,
        out_dir: str,
        inputs: Images,
        images: Sequence[Image],
        writing: Writing,
        classes: Optional[Sequence[str]],
    ) -> None:
        self.out_dir = Path(out_dir)
        self.writing, self.classes = writing, classes
        named = paths_of(inputs)
        self.root = common_folder(inputs)
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

    def write_all(self, results: Iterable[dict], parts: Parts) -> Iterator[dict]:
        """Write each result, and pass it on."""
        share = parts.share
        lock = '.lock' if share.processes == 1 else f'.lock.{share.rank}'
        with ExitStack() as stack:
            with self._naming_errors():
                is_new = not self.out_dir.exists()
                if is_new:
                    stack.callback(_remove_if_empty, self.out_dir)
                stack.enter_context(one_writer(self.out_dir, lock))
                if is_new:
                    stack.callback(parts.discard, lock)
                folders = (self.out_dir / 'pictures', self.out_dir / 'maps')
                has_files = any(any(folder.glob('*')) for folder in folders)
                parts.start(self.writing.resume, has_files)
                if not parts.is_finished:
                    lines = stack.enter_context(parts.open())
            for result in () if parts.is_finished else results:
                with self._naming_errors():
                    self._write(lines, result)
                yield result
            with self._naming_errors():
                self._finish(parts)

    def _finish(self, parts: Parts) -> None:
        """Write the formats if no process is at work any more."""
        with ExitStack() as stack:
            if parts.share.processes > 1:
                try:
                    stack.enter_context(one_writer(self.out_dir))
                except BlockingIOError:  # which does the same
                    return
            if not parts.is_finished:
                if not parts.are_complete():
                    return
                parts.merge()
            lines = Lines(self.out_dir, self.root)
            for name in self.writing.formats:
                FORMATS[name](self.out_dir, lines, self.classes)
            parts.close()

    @contextmanager
    def _naming_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OSError(f'cannot write results to {self.out_dir}: {error}') from error

    def _write(self, lines: FileIO, result: dict) -> None:
        """Write pictures and maps of a result, then its line."""
        name = result_name(result['img_path'], result['index'], self.root)
        if 'picture' in result:
            path = self.out_dir / 'pictures' / _picture_name(name)
            _, content = cv2.imencode('.jpg', result['picture'][..., ::-1])
            with whole_file(path) as file:
                file.write(content)
        if self.writing.save_maps and 'predictions' in result:
            with whole_file(self.out_dir / 'maps' / f'{name}.npz') as file:
                np.savez(file, **result['predictions'][0]['cams'])
        line = json.dumps(public(result), ensure_ascii=False)
        _append(lines, f'{line}\n')


def _picture_name(name: str) -> str:
    """The name of a JPEG file, which no other image has."""
    stem, suffix = os.path.splitext(name.lower())
    is_jpeg = suffix in ('.jpg', '.jpeg') and not stem.endswith(EXTENSIONS)
    return name if is_jpeg else f'{name}.jpg'


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _append(file: FileIO, text: str) -> None:
    """Append a text to a file at once, all of it or, with an OSError, nothing."""
    # A path that is not UTF-8 has its bytes as JSON escapes them.
    end, content = file.tell(), text.encode(errors='backslashreplace')
    if file.write(content) < len(content):
        file.truncate(end)
        raise OSError('the disk is full')
