"""Reports with pictures: what these show is read in children of their own, each once, and then the report again."""

import dataclasses
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from archive.decisions import Decisions
from archive.reader import Failed, Reader
from parsers import ocr, report
from parsers.model import Content, Document, Finding, Report

SECONDS = 600.0  # for one document: up to 20 pages, of which one takes two seconds
MEMORY = 1 << 30  # bytes; a picture of A4 at 600 dpi takes 700 MB
KEPT = 200  # pictures of which it is kept what they show: a page whose counter counts is read again with the same scan


class Pictures:
    """`reader` reads the reports. `settled` is what people have read in their pictures."""

    def __init__(self, reader: Reader, settled: Decisions) -> None:
        self._reader = reader
        self._settled = settled
        self._engine = Reader(SECONDS, MEMORY)
        self._known: dict[str, Content | str] = {}

    def __enter__(self) -> Self:
        self._engine.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.__exit__(kind, error, trace)

    def read(
        self,
        first: Report,
        documents: Sequence[Document],
        digests: Sequence[str],
        names: Sequence[str],
        listed: str = "",
    ) -> Report:
        """The report of `documents` with what their pictures show; `first` is what they gave without. `digests` are
        the payload digests by which decisions know them.

        Raises report.NotAReport.
        """
        if not first.pictures:
            return first
        if not ocr.available():
            if not (listed or first.facts or first.heading.title):
                raise report.NotAReport("it is a picture, which is read where nianbao[ocr] is installed")
            return first
        self._look([(digests[n], documents[n]) for n in first.pictures])
        shown = {n: self._known[digests[n]] for n in first.pictures}
        settled = {n: self._settled[digest] for n, digest in enumerate(digests) if digest in self._settled}
        try:
            return self._reader.call(report.read, documents, names, listed, shown, settled)
        except Failed as error:
            message = f"图片未能识别 / its pictures could not be read: {error}"
            return dataclasses.replace(first, findings=(*first.findings, Finding("unreadable", "warning", message)))

    def _look(self, pictures: Sequence[tuple[str, Document]]) -> None:
        from parsers import picture  # which needs the extra

        if len(self._known) > KEPT:
            self._known.clear()
        new = {digest: document for digest, document in pictures if digest not in self._known}
        for digest, answer in zip(new, self._engine.map(picture.read, ((one,) for one in new.values())), strict=True):
            self._known[digest] = answer if isinstance(answer, Content) else str(answer)
