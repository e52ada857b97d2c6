"""How fast, how long and when to stop: what settings alone cannot say.

Between a host's answer and the next request to it lies DOWNLOAD_DELAY at the least and half as long again at the most,
more where its robots.txt asks for it (Crawl-delay) or the host is slow (AutoThrottle). 429 and 503 are waited out as
long as Retry-After says. A host that fails five times in a row is left alone for an hour, by the next visit as well:
the archive says until when.
"""

import logging
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from time import monotonic

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response
from scrapy.robotstxt import RobotParser
from scrapy.settings import BaseSettings

from archive import clock, values
from archive.registry import host_of
from crawler.guard import Refused
from crawler.recorder import NotRecorded, Recorder

JITTER = 0.2  # of the mean delay, to either side
MARGIN = 0.02  # seconds; so that the gap holds where the requests arrive, not only where they leave
MAX_CRAWL_DELAY = 120.0  # seconds
MAX_RETRY_AFTER = 600.0  # seconds; a host that asks for more is left alone instead
FAILURES = 5  # in a row, after which a host is left alone
REST = timedelta(hours=1)
MAX_REST = timedelta(days=7)  # whatever Retry-After says
BEIJING = timezone(timedelta(hours=8))

logger = logging.getLogger(__name__)


def mean_delay(least: float) -> float:
    """The delay around which Scrapy's jitter never goes below `least`; 0 stays 0, which turns pacing off."""
    return (least + MARGIN) / (1 - JITTER) if least else 0.0


class Manners:
    """Scrapy add-on: settings that follow from others.

    DOWNLOAD_DELAY, the least gap that is asked for, becomes the mean that Scrapy works with; the user agent names the
    operator, wherever NIANBAO_CONTACT was set.
    """

    def update_settings(self, settings: BaseSettings) -> None:
        agent = f"nianbao/{version('nianbao')} (archive of annual OGI reports; +{settings['NIANBAO_CONTACT']})"
        settings.set("USER_AGENT", agent, priority="project")
        mean = mean_delay(settings.getfloat("DOWNLOAD_DELAY"))
        settings.set("DOWNLOAD_DELAY", mean, priority="cmdline")
        settings.set("DOWNLOAD_DELAY_JITTER", JITTER, priority="cmdline")


class Pacing:
    """Downloader middleware, between the retries and the wire: it sees every attempt."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._night = values.hours(crawler.settings["NIANBAO_NIGHT"])
        self._failures: Counter[str] = Counter()  # of a host, in a row
        self.resting: dict[str, datetime] = {}  # hosts that are left alone, until when
        crawler.signals.connect(self._robots_parsed, signals.robots_parsed)
        crawler.signals.connect(self._downloaded, signals.response_downloaded)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Pacing":
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        until = self.resting.get(host_of(request.url))
        if until and clock.now() < until:
            raise Refused(_left_alone(until), "unreachable", until)
        if self._night and not in_window(self._night, clock.now()):
            hours = self._crawler.settings["NIANBAO_NIGHT"]
            raise Refused(f"outside the hours {hours} (北京时间) that the operator allows")

    def process_exception(self, request: Request, exception: Exception) -> None:
        if not isinstance(exception, Refused | NotRecorded):
            self._pause(request, 0)
            self._count(request, failed=True)

    def _downloaded(self, response: Response, request: Request) -> None:
        self._pause(request, 0)
        self._count(request, failed=response.status >= 500 or response.status == 429)
        if response.status in (429, 503) and (header := response.headers.get("Retry-After")):
            self._wait(request, retry_after(header.decode("latin-1"), clock.now()))

    def _pause(self, request: Request, seconds: float) -> None:
        """The next request goes out the usual gap after now, at the earliest, and `seconds` more.

        Scrapy counts the gap from when it handed the last request on. Where this machine is busy that is well before
        the request leaves, and two would arrive close together.
        """
        slot = self._crawler.engine.downloader.slots.get(request.meta.get("download_slot"))
        if slot:
            slot.lastseen = max(slot.lastseen, monotonic() + seconds)
            if seconds:
                slot.delay = slot.delay or 0.001  # Scrapy looks at lastseen only where there is a delay

    def _count(self, request: Request, failed: bool) -> None:
        host = host_of(request.url)
        self._failures[host] = self._failures[host] + 1 if failed else 0
        if self._failures[host] == FAILURES:
            self._rest(request, REST)
            self._failures[host] = 0

    def _wait(self, request: Request, seconds: float) -> None:
        if seconds > MAX_RETRY_AFTER:
            self._rest(request, timedelta(seconds=min(seconds, MAX_REST.total_seconds())))
        self._pause(request, min(seconds, MAX_RETRY_AFTER))

    def _rest(self, request: Request, time: timedelta) -> None:
        """Leaves a host alone, and says so in the archive at once, where the next visit reads it."""
        host = host_of(request.url)
        self.resting[host] = until = max(self.resting.get(host, clock.now()), clock.now() + time)
        recorder = self._crawler.get_downloader_middleware(Recorder)
        if recorder:
            recorder.failure(request.url, "unreachable", _left_alone(until), until)

    def _robots_parsed(self, robotparser: RobotParser, request: Request) -> None:
        asked = robotparser.crawl_delay(self._crawler.settings["ROBOTSTXT_USER_AGENT"])
        least = self._crawler.settings.getfloat("DOWNLOAD_DELAY")
        if not asked or not least or mean_delay(asked) <= least:
            return
        delay = mean_delay(min(asked, MAX_CRAWL_DELAY))
        logger.info("robots.txt asks for a delay of %s seconds", asked)
        downloader = self._crawler.engine.downloader
        for slot in downloader.slots.values():
            slot.delay = max(slot.delay, delay)
        downloader._delay = max(downloader._delay, delay)
        throttle = self._crawler.get_extension(AutoThrottle)
        if throttle:
            throttle.mindelay = max(throttle.mindelay, delay)


def retry_after(header: str, now: datetime) -> float:
    """Seconds to wait by a Retry-After header, which holds seconds or an HTTP date; 0 where it holds neither."""
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    return max((moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds(), 0.0)


def in_window(hours: tuple[int, int], moment: datetime) -> bool:
    """Whether `moment` lies in these hours of Beijing: (22, 6) is from 22:00 to 06:00."""
    start, end = hours
    hour = moment.astimezone(BEIJING).hour
    return start <= hour < end if start <= end else hour >= start or hour < end


def _left_alone(until: datetime) -> str:
    return f"the host kept failing and is left alone until {until.astimezone(BEIJING):%Y-%m-%d %H:%M} 北京时间"
