"""mmengine's files, written atomically."""

import os
from pathlib import Path
from typing import Union

from mmengine.fileio import LocalBackend, register_backend

from ..whole_files import whole_file

# The ``backend_args`` of mmengine that name it.
WHOLE_FILES = dict(backend='mmccam.whole_files')


@register_backend(WHOLE_FILES['backend'])
class WholeFileBackend(LocalBackend):
    """mmengine's local files, written atomically: a crash leaves no part of a file.

    Named in configs as ``backend_args=dict(backend='mmccam.whole_files')``.
    """

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write a file that outlasts a loss of power."""
        with whole_file(filepath) as file:
            file.write(obj)
            file.flush()
            os.fsync(file.fileno())
        if os.name == 'posix':  # where names can be brought to the disk
            folder = os.open(Path(filepath).parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def put_text(self, obj: str, filepath: str, encoding: str = 'utf-8') -> None:
        """Write a text in the same way."""
        self.put(obj.encode(encoding), filepath)
