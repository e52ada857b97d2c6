"""/report/ID/record/N: the archive's own record of a report's Nth document, for whoever would check a figure."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import functools
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive import warc
from archive.site.pages.common import Route, Row, data_folder, missing, rows

DOCUMENTS = """
select d.*, c.timestamp, c.status, c.length, c.run, c.portal, c.type, c.digest as capture_digest
from documents d left join captures c on c.filename = d.filename and c.offset = d.offset
where d.report = ? order by d.number
"""
_PIECE = 1 << 16


class Slice:
    """Some bytes of a file as an answer. They are never to be shown, only saved: what is in them is not ours."""

    def __init__(self, path: Path, offset: int, length: int, name: str) -> None:
        self.path, self.offset, self.length = path, offset, length
        self.headers = [
            (b"content-type", b"application/gzip"),
            (b"content-length", str(length).encode()),
            (b"content-disposition", f'attachment; filename="{name}"'.encode()),
        ]

    async def asgi_send(self, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        with self.path.open("rb") as file:
            file.seek(self.offset)
            left = self.length
            while left:
                piece = file.read(min(left, _PIECE))
                left = left - len(piece) if piece else 0
                await send({"type": "http.response.body", "body": piece, "more_body": bool(left)})


def path_of(datasette: Datasette, document: Row) -> Path | None:
    """The file that holds a document's record; None where this copy of the data is without it."""
    if not document["portal"] or not document["length"]:
        return None
    path = data_folder(datasette) / "warc" / document["portal"] / document["filename"]
    return path if path.is_file() else None


def sha256(path: Path, offset: int) -> str:
    """Of a record as it was written: from the index, so that it would not follow a change of the bytes."""
    return _digests(path, path.stat().st_mtime_ns).get(offset, "")


@functools.lru_cache(32)
def _digests(path: Path, _changed: int) -> dict[int, str]:
    try:
        return {one.offset: one.sha256 for one in warc.index(path)} if warc.index_path(path).is_file() else {}
    except warc.Damaged:  # `nianbao verify` says so; a reader is not shown a digest that cannot be trusted
        return {}


async def record(datasette: Datasette, request: Request) -> Response | Slice:
    number = int(request.url_vars["number"])
    documents = await rows(datasette, DOCUMENTS, [unquote(request.url_vars["report"])])
    document = next((d for d in documents if d["number"] == number), None)
    path = document and path_of(datasette, document)
    if not document or not path:
        return await missing(datasette, request)
    name = f"{document['portal']}-{document['offset']}.warc.gz"
    return Slice(path, document["offset"], document["length"], name)


ROUTES: list[Route] = [(r"/report/(?P<report>[^/]+)/record/(?P<number>[0-9]{1,4})$", record)]
