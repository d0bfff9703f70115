"""Files that declare more pixels than anybody wants to decode."""

import struct
import zlib


def bomb(side: int) -> bytes:
    """The head of a square PNG of gray pixels, and nothing behind it."""

    def chunk(name, data):
        code = struct.pack('>I', zlib.crc32(name + data))
        return struct.pack('>I', len(data)) + name + data + code

    head = struct.pack('>IIBBBBB', side, side, 8, 0, 0, 0, 0)
    chunks = (chunk(b'IHDR', head), chunk(b'IDAT', zlib.compress(b'')))
    return b'\x89PNG\r\n\x1a\n' + b''.join(chunks) + chunk(b'IEND', b'')
