"""The one spider: home → 政府信息公开 → annual-report column → reports → attachments, of one portal."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Self

import scrapy
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider, IgnoreRequest, UsageError
from scrapy.http import Response
from twisted.python.failure import Failure as TwistedFailure

from archive import registry
from archive.model import Portal
from archive.warc import payload_digest
from crawler.recorder import NotRecorded, Recorder
from crawler.verdict import Failure, judge
from parsers import blocking, document
from parsers.links import links


class ReportsSpider(scrapy.Spider):
    """`scrapy crawl reports -a portal=licheng` (a code, slug or host). Yields an item for each report found."""

    name = "reports"

    def __init__(self, portal: Portal) -> None:
        super().__init__()
        self.portal = portal
        self.recorder: Recorder
        self.pages = 0
        self.columns: dict[str, str] = {}  # payload digest → address: one list under two addresses is one column
        self.reports: set[str] = set()
        self.failures: list[Failure] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler, portal: str = "", **kwargs: Any) -> Self:  # type: ignore[override]
        settings = crawler.settings
        if not settings["NIANBAO_CONTACT"]:
            raise UsageError("set NIANBAO_CONTACT to a mail or web address where a portal's people can reach you")
        if not portal:
            raise UsageError("name a portal: scrapy crawl reports -a portal=licheng")
        paths = [Path(p) for p in settings["NIANBAO_REGISTRY"].split(os.pathsep) if p]
        known = registry.load(paths, bundled=not settings.getbool("NIANBAO_ONLY_REGISTRY"))
        spider = cls(registry.find([portal], known)[0])
        spider._set_crawler(crawler)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        recorder = self.crawler.get_downloader_middleware(Recorder)
        assert isinstance(recorder, Recorder)
        self.recorder = recorder
        self.recorder.start(self.portal)
        yield self._request(self.portal.home, "home")
        for url in self.portal.columns:
            yield self._request(url, "column")

    def _request(self, url: str, kind: str) -> Request:
        return Request(url, self.parse_page, errback=self.failed, cb_kwargs={"kind": kind})

    def parse_page(self, response: Response, kind: str) -> Iterator[Request | dict[str, Any]]:
        """Judges one page and follows what its kind leads to."""
        content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
        page = document.identify(response.body, response.url, content_type)
        if reason := blocking.reason(response.status, page):
            self._fail(response.url, "blocked", reason)
            return
        if response.status != 200:
            self._fail(response.url, "error", f"HTTP {response.status}")
            return
        self.pages += 1
        if kind == "column":
            self.columns.setdefault(payload_digest(response.body), response.url)
        for link in links(page, kind):
            yield self._request(link.url, link.kind)
            if link.kind == "report" and link.url not in self.reports:
                self.reports.add(link.url)
                yield {"portal": self.portal.code, "title": link.text, "url": link.url, "column": response.url}

    def failed(self, failure: TwistedFailure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        if failure.check(NotRecorded):
            raise CloseSpider(failure.getErrorMessage())
        if failure.check(IgnoreRequest):
            reason = failure.getErrorMessage()
            self._fail(request.url, "blocked" if "robots.txt" in reason else "refused", reason)
        else:
            self._fail(request.url, "unreachable", f"{failure.type.__name__}: {failure.getErrorMessage()}")

    def _fail(self, url: str, kind: str, reason: str) -> None:
        self.failures.append(Failure(url, kind, reason))
        self.recorder.failure(url, kind, reason)

    def closed(self, reason: str) -> None:
        cut_short = "" if reason == "finished" else f"the visit ended early: {reason}"
        verdict, message = judge(self.pages, len(self.columns), len(self.reports), self.failures, cut_short)
        self.recorder.finish(verdict, message)
        self.logger.info(
            "verdict %s %s: columns %d, reports %d", verdict, message, len(self.columns), len(self.reports)
        )
