"""Files that are complete or not there."""

import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

# The ``backend_args`` of mmengine that name it.
WHOLE_FILES = dict(backend='mmccam.whole_files')


@register_backend(WHOLE_FILES['backend'])
class WholeFileBackend(LocalBackend):
    """mmengine's local files, written atomically: a crash leaves no part of a file.

    Named in configs as ``backend_args=dict(backend='mmccam.whole_files')``.
    """

    def put(self, obj: bytes, filepath: str) -> None:
        """Write ``<name>.tmp``, and rename it when it is on the disk.

        Until then the former file stays, also if the disk is full.
        """
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f'{path.name}.tmp')
        try:
            with open(temporary, 'wb') as file:
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise OSError(
                f'cannot write {path}, what was there before is kept: {error}'
            ) from error
        if os.name == 'posix':  # where names can be brought to the disk
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def put_text(self, obj: str, filepath: str, encoding: str = 'utf-8') -> None:
        """Write a text in the same way."""
        self.put(obj.encode(encoding), filepath)
