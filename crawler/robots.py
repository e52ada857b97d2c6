"""robots.txt as RFC 9309 says, where Scrapy says otherwise: a server's failure means stop, not go on."""

from datetime import datetime

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.http import Response
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached

from crawler.guard import Refused
from crawler.recorder import NotRecorded
from crawler.wire import said

MAX_ROBOTS = 500 << 10  # RFC 9309 §2.5: at least 500 KiB are read


class Unavailable(RobotParser):
    """Stands for a robots.txt that could not be had: nothing is allowed (RFC 9309 §2.3.1.4)."""

    def __init__(self, reason: str, until: datetime | None = None, fault: NotRecorded | None = None) -> None:
        self.reason = reason
        self.until = until
        self.fault = fault  # ours, not the portal's

    @classmethod
    def from_crawler(cls, crawler: Crawler, robotstxt_body: bytes) -> "Unavailable":
        return cls("")

    def allowed(self, url: str | bytes, user_agent: str | bytes) -> bool:
        return False


class Robots(RobotsTxtMiddleware):
    """4xx: all is allowed. 5xx, 429 or no answer: nothing is. Otherwise what the file says."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._records: dict[str, str] = {}  # by host: the WARC record of its robots.txt

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        record = self._records.get(urlparse_cached(request).netloc, "")
        if isinstance(rp, Unavailable):
            raise rp.fault or Refused(rp.reason, "unreachable", rp.until, record)
        agent = self._robotstxt_useragent or self._default_useragent
        if rp is not None and not rp.allowed(request.url, agent):
            raise Refused("Forbidden by robots.txt", "blocked", record=record)

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        self._records[netloc] = response.meta.get("record_id", "")
        if response.status >= 500 or response.status == 429:
            self._settle(netloc, Unavailable(f"robots.txt answered HTTP {response.status}"))
            return
        body = response.body[:MAX_ROBOTS] if response.status == 200 else b""
        await super()._parse_robots(response.replace(body=body), netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        if isinstance(exc, Refused):
            self._settle(netloc, Unavailable(str(exc), exc.until))
        elif isinstance(exc, NotRecorded):
            self._settle(netloc, Unavailable(str(exc), fault=exc))
        else:
            self._settle(netloc, Unavailable(f"robots.txt could not be had: {said(exc)}"))

    def _settle(self, netloc: str, parser: RobotParser) -> None:
        waiting = self._parsers[netloc]
        self._parsers[netloc] = parser
        waiting.callback(parser)  # type: ignore[union-attr]
