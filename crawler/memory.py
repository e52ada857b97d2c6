"""What the archive holds need not be fetched again: known pages are asked for by condition, some not at all.

A visit asks for home, platform and the first page of each list every time. Reports and attachments are asked for again
after RECHECK, and so are the further pages of a list, or earlier where the page before shows something new.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from archive import captures, clock, warc
from archive.captures import APART, REDIRECTS, Capture, Holdings
from archive.deadlines import SCOPES, latest_due
from archive.model import Portal
from archive.registry import host_of
from parsers.model import Document

RECHECK = timedelta(days=30)
FROM_ARCHIVE = "from the archive"  # flag of a response that nobody was asked for
_CONDITIONS = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))


@dataclass(frozen=True, slots=True)
class Held:
    """An answer in the archive that still stands, and when the server last gave it."""

    capture: Capture
    confirmed: datetime


class Memory:
    """Downloader middleware, outside of pacing and recorder: what it answers itself costs the portal nothing.

    A request whose meta `may_rest` is true is answered from the archive while the answer there is fresh. Of others the
    server is asked only for what has changed; where it says that nothing has, they get the answer in the archive.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._data = Path(crawler.settings["NIANBAO_DATA"])
        self._recheck = crawler.settings.getbool("NIANBAO_RECHECK")
        self.holdings = Holdings("")
        self._pages: dict[Capture, bool] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Memory":
        return cls(crawler)

    def load(self, portal: Portal) -> None:
        """Reads what is held of a portal: before the visit's own file is begun."""
        self.holdings = captures.load(portal.code, sorted((self._data / "warc" / portal.code).glob("*.warc.gz")))

    def process_request(self, request: Request) -> Response | None:
        request.meta.pop("held", None)  # a redirect or a retry inherits what was said of the request before it
        for _, condition in _CONDITIONS:
            request.headers.pop(condition, None)
        held = self._held(_address(request))
        if not held:
            return None
        if request.meta.get("may_rest") and self._is_fresh(held):
            return self._response(request, held, [FROM_ARCHIVE])
        if held.capture.record.status == 200 and request.method == "GET":
            self._ask_for_changes(request, held)
        return None

    def process_response(self, request: Request, response: Response) -> Response:
        held: Held | None = request.meta.pop("held", None)
        if response.status != 304 or not held:
            return response
        return self._response(request, held, ["not modified"]) or response

    def rests(self, address: str) -> bool:
        """Whether what an address (warc.address) holds was had, and need not be asked for yet."""
        held = self._held(address)
        return bool(held and held.capture.record.status == 200 and self._is_fresh(held))

    def was_asked(self, address: str) -> bool:
        """Whether an address answered lately, whatever it said."""
        found = self.holdings.latest(address)
        return bool(found) and not self._recheck and clock.now() - _time(found[1]) < RECHECK

    def knows(self, address: str) -> bool:
        """Whether an address has answered before, and not with an error or a block page."""
        return bool(self._held(address))

    def page(self, address: str) -> Document | None:
        """The page that an address showed when it was had last."""
        held = self._held(address)
        return self.holdings.document(held.capture) if held else None

    def read_to_its_end(self, column: str) -> bool:
        """Whether all pages of a column's list were asked for in one visit lately, and nothing asks for another time.

        A deadline of the law does: only a list that was read to its end after it shows who is late. So does a list that
        had become shorter: a report is withdrawn once two readings, a week apart, have not shown it.
        """
        whole = [run for run in self.holdings.runs if column in run.walked]
        if self._recheck or not whole:
            return False
        last, now = _time(whole[-1].started), clock.now()
        if now - last >= RECHECK or any(latest_due(scope, last) != latest_due(scope, now) for scope in SCOPES):
            return False
        shorter = [_time(b.started) for a, b in pairwise(whole) if b.listed.get(column, 0) < a.listed.get(column, 0)]
        return not shorter or last - shorter[-1] >= APART or now - shorter[-1] < APART

    def resting(self) -> dict[str, datetime]:
        """Hosts that an earlier visit left alone, and until when."""
        found: dict[str, datetime] = {}
        for failure in self.holdings.failures:
            if until := failure.get("until"):
                host = host_of(failure["url"])
                found[host] = max(found.get(host, _time(until)), _time(until))
        return found

    def _is_fresh(self, held: Held) -> bool:
        return not self._recheck and clock.now() - held.confirmed < RECHECK

    def _held(self, address: str) -> Held | None:
        found = self.holdings.latest(address)
        if not found:
            return None
        capture, confirmed = found
        good = capture.record.status in REDIRECTS or (capture.record.status == 200 and self._is_page(capture))
        return Held(capture, _time(confirmed)) if good else None

    def _is_page(self, capture: Capture) -> bool:
        """Whether an answer can be read and is no block page. Only this is remembered, not the page."""
        if capture not in self._pages:
            page = self.holdings.read(capture)
            self._pages[capture] = page is not None and not (page.media_type == "unknown" and page.text)
        return self._pages[capture]

    def _ask_for_changes(self, request: Request, held: Held) -> None:
        response = self._response(request, held, [])
        for header, condition in _CONDITIONS:
            if response and (value := response.headers.get(header)):
                request.headers[condition] = value
                request.meta["held"] = held

    def _response(self, request: Request, held: Held, flags: list[str]) -> Response | None:
        """The answer as it came; None where its record is damaged, so that it is fetched again."""
        try:
            answer = warc.read_answer(held.capture.warc, held.capture.record)
            body = warc.read_answer(held.capture.held.warc, held.capture.held.record).content
        except warc.Damaged:
            return None
        kept = Headers(answer.headers)
        kind = responsetypes.from_args(headers=kept, url=request.url, body=body)
        status = held.capture.record.status
        return kind(url=request.url, status=status, headers=kept, body=body, flags=flags, request=request)


def _address(request: Request) -> str:
    return warc.address(request.url, request.body, request.method)


def _time(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)
