"""OLE containers ([MS-CFB], what DOC and XLS files are), bounded."""

import io

import olefile

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Container:
    """The streams of a file. Raises ValueError where it is torn."""

    def __init__(self, content: bytes) -> None:
        self._size = len(content)
        try:
            self._ole = olefile.OleFileIO(io.BytesIO(content))
            self.names = frozenset(path[0] for path in self._ole.listdir() if len(path) == 1)
        except Exception as error:  # olefile raises what it meets, a RecursionError too
            raise ValueError(f"the OLE container is torn: {error}") from None

    def stream(self, name: str) -> bytes:
        if name not in self.names:
            raise ValueError(f"the OLE container has no stream {name}")
        try:
            size = self._ole.get_size(name)
            if size > self._size:  # sectors that are used twice, or none
                raise ValueError(f"the stream {name} claims {size} bytes of {self._size}")
            return bytes(self._ole.openstream(name).read())
        except OSError as error:
            raise ValueError(f"the stream {name} is torn: {error}") from None
