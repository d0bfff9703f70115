"""Files that are whole or not there."""

import os
from pathlib import Path
from typing import Union

from mmengine.fileio import LocalBackend, register_backend

# The ``backend_args`` of mmengine that name it.
WHOLE_FILES = dict(backend='mmccam.whole_files')


@register_backend(WHOLE_FILES['backend'])
class WholeFileBackend(LocalBackend):
    """mmengine's local files, where a crash or a full disk leaves no half file.

    Named in configs as ``backend_args=dict(backend='mmccam.whole_files')``.
    """

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write a file beside its place and move it there when it is on the disk.

        What stood in its place stays until then. A process that is killed leaves
        ``<name>.tmp``, which the next one that writes the file replaces.

        Args:
            obj: The content.
            filepath: Path of the file, whose folder is made.

        Raises:
            OSError: If it cannot be written, say on a full disk.
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
        _sync_folder(path.parent)

    def put_text(
        self, obj: str, filepath: Union[str, Path], encoding: str = 'utf-8'
    ) -> None:
        """Write a text in the same way.

        Args:
            obj: The text.
            filepath: Path of the file, whose folder is made.
            encoding: Its encoding.

        Raises:
            OSError: If it cannot be written.
        """
        self.put(obj.encode(encoding), filepath)


def _sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    if os.name == 'posix':
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
