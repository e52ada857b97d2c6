"""The one spider: home → 政府信息公开 → annual-report column → reports → attachments, of one portal."""

import contextlib
import ctypes
import os
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import scrapy
from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider, UsageError
from scrapy.http import Response
from twisted.python.failure import Failure as TwistedFailure

from archive import registry, values
from archive.model import ENDED_EARLY, Portal
from archive.registry import allowed_hosts, host_of, nowhere
from archive.warc import address, payload_digest
from crawler import render
from crawler.browser import Absent
from crawler.guard import Refused
from crawler.memory import FROM_ARCHIVE, Memory
from crawler.pacing import Pacing
from crawler.recorder import NotRecorded, Recorder
from crawler.verdict import Failure, judge
from crawler.wire import said
from parsers import anchors, blocking, document, evidence
from parsers.links import FOLLOWED, links, too_long
from parsers.model import Document, Link

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ReportsSpider(scrapy.Spider):
    """`scrapy crawl reports -a portal=licheng` (a code, slug or host). Yields an item for each report found."""

    name = "reports"

    def __init__(self, portal: Portal) -> None:
        super().__init__()
        self.portal = portal
        self.recorder: Recorder
        self.memory: Memory
        self.pages = 0
        self.columns: dict[str, str] = {}  # payload digest → address: one list under two addresses is one column
        self.reports: set[str] = set()
        self.failures: list[Failure] = []
        self.renderer: render.Renderer
        self.nowhere: Document | None = None
        self._asked: set[str] = set()
        self._list_pages: dict[str, set[str]] = defaultdict(set)  # column → addresses of its list's further pages
        self._listed: dict[str, set[str]] = defaultdict(set)  # column → the reports in its list
        self._grown: set[str] = set()  # columns whose list has something new
        self._not_walked: set[str] = set()  # columns whose list was not read to its end in this visit

    @classmethod
    def from_crawler(cls, crawler: Crawler, portal: str = "", **kwargs: Any) -> Self:  # type: ignore[override]
        settings = crawler.settings
        if not settings["NIANBAO_CONTACT"]:
            raise UsageError("set NIANBAO_CONTACT to a mail or web address where a portal's people can reach you")
        if not portal:
            raise UsageError("name a portal: scrapy crawl reports -a portal=licheng")
        paths = [Path(p) for p in settings["NIANBAO_REGISTRY"].split(os.pathsep) if p]
        try:
            values.check(settings)
            known = registry.load(paths, bundled=not settings.getbool("NIANBAO_ONLY_REGISTRY"))
            spider = cls(registry.find([portal], known)[0])
        except (registry.RegistryError, values.WrongValue) as error:
            raise UsageError(str(error)) from None
        spider._set_crawler(crawler)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        recorder, memory, pacing = map(self.crawler.get_downloader_middleware, (Recorder, Memory, Pacing))
        assert isinstance(recorder, Recorder) and isinstance(memory, Memory) and isinstance(pacing, Pacing)
        self.recorder, self.memory = recorder, memory
        memory.load(self.portal)
        pacing.resting = memory.resting()
        if self.settings.getbool("NIANBAO_PROGRESS"):
            _end_with_parent()
        self.recorder.start(self.portal, memory.holdings)
        self.renderer = render.Renderer(self.crawler)
        self.crawler.signals.connect(self._dropped, signals.request_dropped)
        yield self._request(Link(self.portal.home, "", "home"))
        for url in self.portal.columns:
            yield self._request(Link(url, "", "column"))

    def _request(self, link: Link, column: str = "", may_rest: bool = False) -> Request:
        """`column` is the address of the column whose list a page continues."""
        self._asked.add(_address(link))
        kept = {"kind": link.kind, "column": column}
        meta = {"may_rest": may_rest}
        request = Request(link.url, self.parse_page, errback=self.failed, cb_kwargs=kept, meta=meta)
        if not link.body:
            return request
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return request.replace(method="POST", body=link.body, headers=form)

    async def parse_page(
        self, response: Response, kind: str, column: str = ""
    ) -> AsyncIterator[Request | dict[str, Any]]:
        """Follows what the kind of a page leads to."""
        if self.recorder.captures > self.settings.getint("NIANBAO_MAX_ANSWERS"):
            raise CloseSpider(f"more than {self.settings['NIANBAO_MAX_ANSWERS']} answers (NIANBAO_MAX_ANSWERS)")
        column = column if kind == "page" else response.url
        page = _identify(response)
        if failure := self._judge(response, page, kind):
            self._fail(Failure(response.url, *failure, response.meta.get("record_id", "")), column)
            return
        self.pages += 1
        if FOLLOWED[kind] and (reason := too_long(page)):
            self._fail(Failure(response.url, "error", reason, response.meta.get("record_id", "")), column)
            return
        if kind == "home" and not self.memory.was_asked(nowhere(self.portal.home)):
            yield Request(
                nowhere(self.portal.home), self.parse_nowhere, errback=self.no_nowhere, priority=100, dont_filter=True
            )
        if kind == "page" and FROM_ARCHIVE in response.flags:
            self._not_walked.add(column)
        found = links(page, kind)
        itself = {link.kind for link in found if link.url == response.url}  # a hub may be the column, a column a report
        kind = "column" if "column" in itself else kind
        if kind == "column" and not evidence.no_column([page], found):
            self.columns.setdefault(payload_digest(response.body), response.url)
            if render.has_script(page) and not self._is_list(found):
                found += await self._rendered(response, kind)
        elif kind in ("home", "hub") and blocking.shell(page):
            found += await self._rendered(response, kind)
        if "report" in itself:
            found += links(page, "report")
        for request in self._follow(found, column, self._lacks(response, kind, found)):
            yield request
        for link in found:
            if link.kind == "report":
                self._listed[column].add(_address(link))
            if link.kind == "report" and link.url not in self.reports:
                self.reports.add(link.url)
                yield {"portal": self.portal.code, "title": link.text, "url": link.url, "column": response.url}

    def _judge(self, response: Response, page: Document, kind: str) -> tuple[str, str] | None:
        """(kind of failure, reason) where a page is not what was asked for."""
        if reason := blocking.reason(response.status, page):
            return "blocked", reason
        if response.status != 200:
            return "error", f"HTTP {response.status}"
        if kind == "report" and blocking.shell(page):
            return "blocked", "the page shows nothing without its script"
        if kind not in ("home", "hub") and self._is_missing(page):
            return "blocked", "page not found: what the portal says to an address that does not exist"
        return None

    def _is_missing(self, page: Document) -> bool:
        return bool(self.nowhere and blocking.same(page, self.nowhere)) or self.memory.holdings.is_missing(page)

    def parse_nowhere(self, response: Response) -> None:
        """Keeps in mind what the portal says, with status 200, to an address that does not exist."""
        page = _identify(response)
        if response.status == 200 and not blocking.reason(200, page):
            self.nowhere = page

    def _dropped(self, request: Request) -> None:
        """Scrapy asks for no address twice, and does not say so: a redirect that leads back would end in silence."""
        way = request.meta.get("redirect_urls", [])
        if request.url in way:
            self._fail(Failure(way[0], "error", f"its redirects go round in a circle, by {request.url}"))
        elif way and request.url == anchors.address(self.portal.home, "") and request.cb_kwargs["kind"] != "home":
            self._fail(Failure(way[0], "blocked", "page not found: it leads to the home page"))

    def no_nowhere(self, failure: TwistedFailure) -> None:
        """That it could not be asked for is no failure of the visit; that it was not recorded is."""
        if failure.check(NotRecorded):
            raise CloseSpider(failure.getErrorMessage())

    def _lacks(self, response: Response, kind: str, found: list[Link]) -> bool:
        """Whether a page of a list no longer shows a report that it showed when it was had last."""
        before = self.memory.page(response.url) if kind in ("column", "page") else None
        now = {_address(link) for link in found}
        return before is not None and any(_address(o) not in now for o in links(before, kind) if o.kind == "report")

    def _follow(self, found: list[Link], column: str, lacks: bool) -> Iterator[Request]:
        """What to ask for of a page's links. Further pages of a list may rest where this one shows nothing new, and
        nothing less: what is new pushes the others down.
        """
        known = all(self.memory.knows(_address(link)) for link in found if link.kind == "report")
        if not known:
            self._grown.add(column)
        shrunk = lacks and column not in self._grown
        deep_may_rest = known and not shrunk and self.memory.read_to_its_end(column)
        for link in found:
            if link.kind == "attachment" and self.memory.rests(_address(link)):
                continue
            if link.kind != "page":
                yield self._request(link, column, link.kind in ("report", "attachment"))
            elif self._goes_on(column, link):
                yield self._request(link, column, deep_may_rest)

    def _is_list(self, found: list[Link]) -> bool:
        """Whether a page shows more than the way to columns that every page of the site shows."""
        return any(link.kind != "column" or _address(link) not in self._asked for link in found)

    def _goes_on(self, column: str, link: Link) -> bool:
        """Whether a further page of a list is asked for. A list that never ends is cut short, and that is said."""
        pages, longest = self._list_pages[column], self.settings.getint("NIANBAO_MAX_PAGES")
        if _address(link) not in pages and len(pages) == longest - 1:
            reason = f"the list is longer than {longest} pages (NIANBAO_MAX_PAGES)"
            self._fail(Failure(column, "error", reason), column)
        pages.add(_address(link))
        return len(pages) < longest

    async def _rendered(self, response: Response, kind: str) -> list[Link]:
        """The links of a list that only a browser shows. What it showed is kept first."""
        try:
            rendering = await self.renderer.render(response)
            self.recorder.conversions(response.url, rendering.doms, response.meta["record_id"])
        except Absent as error:
            self._fail(Failure(response.url, "error", str(error)), response.url)
            return []
        except NotRecorded as error:
            raise CloseSpider(str(error)) from error
        pages = [document.identify(dom, response.url) for dom in rendering.doms]
        walls = list(filter(None, (blocking.reason(response.status, page) for page in pages)))
        found = {_address(link): link for page in pages if not walls for link in links(page, kind)}
        for reason in walls[:1]:
            self._fail(Failure(response.url, "blocked", reason), response.url)
        if rendering.cut_short:
            self._fail(Failure(response.url, "error", rendering.cut_short), response.url)
        for failure in rendering.failures.values():
            self._fail(failure, response.url)
        for failure in rendering.minor.values():
            self.recorder.failure(failure.url, failure.kind, failure.reason, record=failure.record)
            self.failures += [] if found else [failure]
        return list(found.values())

    def failed(self, failure: TwistedFailure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        if failure.check(NotRecorded):
            raise CloseSpider(failure.getErrorMessage())
        reason, kind = failure.getErrorMessage(), request.cb_kwargs["kind"]
        in_list = request.cb_kwargs["column"] if kind == "page" else ""
        record = getattr(failure.value, "record", "") or request.meta.get("record_id", "")
        if self._has_moved(failure, request):
            reason = (
                f"the portal now leads to {request.url}; if that is its own, add the host to `hosts` in the registry"
            )
            self._fail(Failure(self.portal.home, "moved", reason))
        elif refusal := getattr(failure.value, "kind", None):  # our own refusals say what they are
            until = getattr(failure.value, "until", None)
            self._fail(Failure(request.url, refusal, reason, record), in_list, until)
        else:
            self._fail(Failure(request.url, "unreachable", said(failure.value), record), in_list)

    def _has_moved(self, failure: TwistedFailure, request: Request) -> bool:
        is_foreign = host_of(request.url) not in allowed_hosts(self.portal)
        return bool(failure.check(Refused)) and is_foreign and request.cb_kwargs["kind"] == "home"

    def _fail(self, failure: Failure, in_list: str = "", until: datetime | None = None) -> None:
        """`in_list` is the column whose list could not be read to its end for this."""
        self._not_walked.add(in_list)
        self.failures.append(failure)
        self.recorder.failure(failure.url, failure.kind, failure.reason, until, failure.record)

    async def closed(self, reason: str) -> None:
        await self.renderer.close()
        cut_short = "" if reason == "finished" else f"{ENDED_EARLY}: {reason}"
        verdict, message = judge(self.pages, len(self.columns), len(self.reports), self.failures, cut_short)
        columns = sorted(self.columns.values())
        message = "; ".join(filter(None, (message, self._columns_gone(columns), *self.recorder.irregular)))
        walked = [] if cut_short else [column for column in columns if column not in self._not_walked]
        self.recorder.finish(verdict, message, {column: len(self._listed[column]) for column in columns}, walked)
        self.logger.info(
            "verdict %s %s: columns %d, reports %d", verdict, message, len(self.columns), len(self.reports)
        )

    def _columns_gone(self, columns: list[str]) -> str:
        """What to say where a column of the last visit that had any is no longer there, and no failure explains it."""
        before = next((run.columns for run in reversed(self.memory.holdings.runs) if run.columns), ())
        gone, new = sorted(set(before) - set(columns)), sorted(set(columns) - set(before))
        if not gone or self.failures:
            return ""
        return f"columns that are no longer found: {', '.join(gone)}; columns that are new: {', '.join(new) or 'none'}"


def _end_with_parent() -> None:
    """Asks Linux to end this visit, in order, when the command that started it is killed."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _identify(response: Response) -> Document:
    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
    return document.identify(response.body, response.url, content_type)


def _address(link: Link) -> str:
    return address(link.url, link.body.encode())
