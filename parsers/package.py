"""Zip files of XML parts (XLSX, ODT, OFD), bounded: whatever a part claims to be, it takes little time and memory."""

import io
import zipfile

from lxml import etree

MAX_PARTS = 10_000  # of one package; a report has about twenty
MAX_BYTES = 32 << 20  # unzipped, of all parts that are read; a report has about one MiB
MAX_MARKS = 500_000  # tags and attributes of all parts that are read: a tree takes 200 bytes for each


class Package:
    """The parts of a zip file. Raises ValueError where it is torn, locked, or larger than any report."""

    def __init__(self, content: bytes) -> None:
        if content.count(b"PK\x01\x02") > MAX_PARTS:  # before zipfile makes an object of each
            raise ValueError(f"a package of more than {MAX_PARTS} parts")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except Exception as error:  # zipfile has a dozen ways to say that a package is torn or odd
            raise ValueError(f"the package is torn: {error}") from None
        self._open = self._zip.open
        self.names = frozenset(self._zip.namelist())
        self._bytes = self._marks = 0

    def xml(self, name: str) -> etree._Element:
        """The root of a part."""
        content = self._read(name)
        self._marks += content.count(b"<") + content.count(b"=")
        if self._marks > MAX_MARKS:
            raise ValueError(f"more than {MAX_MARKS} tags and attributes")
        if b"<!DOCTYPE" in content:  # the standards allow none, and entities could hide digits
            raise ValueError(f"{name} has a document type declaration")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            root = etree.fromstring(content, parser)
        except etree.XMLSyntaxError as error:
            raise ValueError(f"{name} is no well-formed XML: {error.msg}") from None
        if root.getroottree().docinfo.doctype:  # said in another charset
            raise ValueError(f"{name} has a document type declaration")
        return root

    def _read(self, name: str) -> bytes:
        if name not in self.names:
            raise ValueError(f"the package has no {name}")
        part = self._zip.getinfo(name)
        self._bytes += part.file_size
        if self._bytes > MAX_BYTES:
            raise ValueError(f"{name} would make {self._bytes} bytes, more than {MAX_BYTES}")
        try:
            with self._open(part) as unzipped:
                return unzipped.read(part.file_size)  # with its size, for a part may hold more than it claims
        except Exception as error:  # torn, encrypted, or packed in a way that zipfile does not know
            raise ValueError(f"{name} cannot be unpacked: {error}") from None
