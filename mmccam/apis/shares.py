"""Which images each of several processes localizes, and the lines that they write."""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from reprlib import repr as shorten
from typing import IO, Optional, Union

from ..whole_files import whole_file
from .images import Image, each_image, is_video
from .lines import LINES

JOB = 'job.json'


def is_finished(folder: Union[str, Path]) -> bool:
    """Whether all results of a job are in a folder."""
    return 'processes' not in json.loads(Path(folder, JOB).read_bytes())


@dataclass
class Share:
    """The batches of one of several processes: every n-th.

    Which images are in a batch does not depend on the number of processes, so that
    their numbers do not either.
    """

    batch_size: int
    rank: int = 0
    processes: int = 1
    done: int = 0  #: how many batches of the share have results
    total: int = 0  #: how many images have been seen, those of all shares
    known: Optional[int] = None  #: how many there are, if that is known before

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f'batch_size must be 1 or more, got {self.batch_size}')
        if not 0 <= self.rank < self.processes:
            raise ValueError(
                f'of {self.processes} processes the number of one must lie between 0 '
                f'and {self.processes - 1}, got {self.rank}'
            )

    def batches(self, images: Iterable[Image]) -> Iterator[list[tuple[int, Image]]]:
        """The batches of the share that have no results, of numbered images."""
        if isinstance(images, list) and not any(map(is_video, images)):
            self.known = len(images)
        return self._batches(images)

    def _batches(self, images: Iterable[Image]) -> Iterator[list[tuple[int, Image]]]:
        batch = []
        for image in each_image(images, self._is_to_do):
            if self._is_to_do():
                batch.append((self.total, image))
            self.total += 1
            if batch and self.total % self.batch_size == 0:
                yield batch
                batch = []
        if batch:
            yield batch

    def _is_to_do(self) -> bool:
        """Whether the next image is in a batch of the share that has no results."""
        number, rank = divmod(self.total // self.batch_size, self.processes)
        return rank == self.rank and number >= self.done

    def count(self, rank: int, total: int) -> int:
        """How many of all images are in the share of a process."""
        starts = range(rank * self.batch_size, total, self.processes * self.batch_size)
        return sum(min(self.batch_size, total - start) for start in starts)


class Parts:
    """The lines of results that processes write, each its own file, and their merging.

    ``job.json`` says what the lines are of, and while they grow by how many processes.
    A process alone writes to ``predictions.jsonl``, which the parts of several become.

    Args:
        folder: The folder of results.
        share: The share of this process.
        job: What the results depend on, by name.
    """

    def __init__(self, folder: Path, share: Share, job: dict) -> None:
        self.folder, self.share, self.job = folder, share, job
        self.lines = folder / LINES
        self.is_finished = False

    def path(self, rank: int) -> Path:
        """The file of a process."""
        processes = self.share.processes
        if processes == 1:
            return self.lines
        return self.folder / f'predictions.{rank}-of-{processes}.jsonl'

    def start(self, resume: bool, has_files: bool) -> None:
        """Begin, or go on behind the last complete batch.

        Raises:
            FileExistsError: If results of an earlier run are there and stay.
            ValueError: If those that are to go on are of another job.
        """
        own, former = self.path(self.share.rank), self._read_job()
        if resume and former is not None:
            self._check_same(former)
            self.is_finished = 'processes' not in former
            if own.exists() and not self.is_finished:
                self._keep_batches(own)
            return
        # Another process of this job may have begun already.
        job, processes = self._running_job(), (former or {}).get('processes', 1)
        has_begun = self.share.processes > 1 and former == job
        if has_files and not has_begun:
            raise FileExistsError(
                'pictures or maps of an earlier run are there: delete them, name '
                'another folder, or go on with resume'
            )
        if max(processes, self.share.processes) == 1:
            own.unlink(missing_ok=True)
        elif own.exists() or former not in (None, job):
            raise FileExistsError(
                'results of an earlier run are there: delete them, name another '
                'folder, or go on with resume'
            )
        self._write_job(job)

    def _running_job(self) -> dict:
        return dict(self.job, processes=self.share.processes)

    def _read_job(self) -> Optional[dict]:
        path = self.folder / JOB
        return json.loads(path.read_bytes()) if path.exists() else None

    def _write_job(self, job: dict) -> None:
        with whole_file(self.folder / JOB) as file:
            file.write(f'{json.dumps(job)}\n'.encode())

    def _check_same(self, former: dict) -> None:
        wanted = self._running_job() if 'processes' in former else self.job
        for name in sorted({*former, *wanted}):
            was, now = former.get(name), wanted.get(name)
            if was != now:
                raise ValueError(
                    f'the results in {self.folder} are of another job, with the '
                    f'{name} {shorten(was)} and not {shorten(now)}: name another folder'
                )

    def _keep_batches(self, path: Path) -> None:
        """Cut a file behind its last complete batch, and count the batches."""
        lines = size = end = 0
        with open(path, 'rb+') as file:
            for line in file:
                if not line.endswith(b'\n'):
                    break
                lines, size = lines + 1, size + len(line)
                if lines % self.share.batch_size == 0:
                    end = size
            file.truncate(end)
        self.share.done = lines // self.share.batch_size

    def open(self) -> FileIO:
        """Open the file of this process, to append lines to it."""
        return open(self.path(self.share.rank), 'ab', buffering=0)

    def are_complete(self) -> bool:
        """Whether the files of all processes have all lines, and are not merged yet."""
        if 'processes' not in (self._read_job() or {}):
            return False
        if self.share.processes == 1:
            return True
        return all(
            _count_lines(self.path(rank)) == self.share.count(rank, self.share.total)
            for rank in range(self.share.processes)
        )

    def merge(self) -> None:
        """Put the lines of all processes in the order of the images."""
        if self.share.processes > 1:
            with whole_file(self.lines) as merged:
                self._merge_into(merged)

    def _merge_into(self, merged: IO[bytes]) -> None:
        share = self.share
        with ExitStack() as stack:
            files = [
                stack.enter_context(open(self.path(rank), 'rb'))
                for rank in range(share.processes)
            ]
            for number in range(share.total):
                batch = number // share.batch_size
                merged.write(files[batch % share.processes].readline())

    def discard(self, lock: str) -> None:
        """Remove what was begun, if there is no result, and nothing of others."""
        begun = {self.path(self.share.rank), self.folder / JOB}
        is_all = {*self.folder.iterdir()} == {*begun, self.folder / lock}
        if is_all and self.path(self.share.rank).stat().st_size == 0:
            for path in begun:
                path.unlink()

    def close(self) -> None:
        """Note that all is done, and remove what only the work needed."""
        self._write_job(self.job)
        self.is_finished = True
        for path in self.folder.glob('predictions.*-of-*.jsonl'):
            path.unlink()
        for name in ('pictures', 'maps'):  # of processes that were killed
            for path in self.folder.glob(f'{name}/**/*.tmp'):
                path.unlink()


def _count_lines(path: Path) -> int:
    if not path.exists():  # a process that has not begun
        return -1
    with open(path, 'rb') as file:
        return sum(1 for line in file if line.endswith(b'\n'))
