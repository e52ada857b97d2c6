"""Lists that only a script builds: a real browser shows them, and never touches the network itself.

Each request of a page is intercepted, sent by the crawler's own downloader (hosts, robots.txt, pacing, proxy and
recorder apply) and handed back. What a browser sends past the interception, its own business included, meets a proxy
that is not there.
"""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from crawler import browser
from crawler.browser import Absent, Browser, soon
from crawler.recorder import NotRecorded
from crawler.verdict import Failure
from crawler.wire import said
from parsers import blocking, document
from parsers.links import links
from parsers.model import Document

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Frame, Page, Route
    from playwright.async_api import Request as Asked

# Seconds. Time in which a request of the page is on its way does not count: pacing may hold it back for long.
IDLE = 0.5  # without a request: the page has settled
WAIT = 10.0  # for the first links of a list
WAIT_CLICK = 6.0  # for the links of its next page; on a busy machine they came after 3
TICK = 0.05

# Bounds of one rendering; what passes them is cut short, and said.
MAX_REQUESTS = 200
MAX_BYTES = 32 << 20  # received, and again of rendered pages
MAX_DOM = 8 << 20  # characters of one rendered page
MAX_POSTED = 64 << 10

FETCHED = ("document", "script", "xhr", "fetch")  # images, styles, fonts, media, pings and streams are aborted
# The crawler says these itself. A script's cookies stay behind: they are how challenges are answered.
OWN_HEADERS = frozenset(
    ("accept-encoding", "accept-language", "connection", "content-length", "cookie", "host", "user-agent")
)
_DOM = """address => {
  const root = document.documentElement;
  if (!root) return '';
  if (document.baseURI !== address && document.head && !document.querySelector('base[href]')) {
    const base = document.createElement('base');
    base.href = document.baseURI;
    document.head.prepend(base);
  }
  return '<!DOCTYPE html>\\n' + root.outerHTML;
}"""

# Clicks on what says 下一页, unless it is at its end or an ordinary link, which the spider follows by itself.
_NEXT = """() => {
  const known = '.btn-next, .ant-pagination-next, .layui-laypage-next';
  const words = /^(下一?页|后一页|[>›»])[>›»]*$/;
  const said = e => [e.textContent, e.value, e.title, e.getAttribute('aria-label')]
    .some(text => typeof text === 'string' && words.test(text.replace(/\\s/g, '')));
  const all = [...document.querySelectorAll('a, button, li, span, div, input[type=button], ' + known)]
    .filter(e => e.matches(known) || said(e));
  const next = all.find(e => !all.some(other => other !== e && e.contains(other)));
  if (!next || next.closest('[disabled], [aria-disabled=true], [class*=disabled]')) return false;
  const link = next.closest('a[href]');
  if (link && /^https?:/.test(link.href) && link.href.split('#')[0] !== location.href.split('#')[0]) return false;
  next.click();
  return true;
}"""


@dataclass
class Rendering:
    """What came of one page: its DOM after each step as bytes, the failures of its own requests, why it was cut short.

    `minor` are failures that matter only where no list was found: foreign hosts and missing scripts.
    """

    doms: list[bytes] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    minor: dict[str, Failure] = field(default_factory=dict)
    cut_short: str = ""


def has_script(page: Document) -> bool:
    """Whether a browser could show more of a page than its HTML does."""
    text = page.text.lower()
    return page.media_type == "html" and any(tag in text for tag in ("<script", "<iframe", "<frame"))


def listed(page: Document) -> set[str]:
    """The addresses that a list leads to."""
    return {link.url for link in links(page, "column")}


class Renderer:
    """Renders the pages of one visit, one at a time."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._browser = Browser(crawler.settings)
        self._lock = asyncio.Lock()

    async def render(self, response: Response) -> Rendering:
        """Raises Absent, or NotRecorded where an exchange of the page could not be kept."""
        tab = _Tab(self._crawler, response)
        async with self._lock:
            try:
                async with self._browser.context() as context:
                    await tab.read(context)
            except Absent:
                raise
            except Exception as error:  # Playwright's, of which there are many, or a timeout
                tab.result.cut_short = f"the browser gave up: {str(error).partition(chr(10))[0] or 'no answer'}"
                await self._browser.close()
        if tab.not_recorded:
            raise tab.not_recorded
        return tab.result

    async def close(self) -> None:
        await self._browser.close()


class _Tab:
    """One rendering: answers the page's requests, waits for its list, goes through its pages."""

    def __init__(self, crawler: Crawler, response: Response) -> None:
        self._crawler = crawler
        self._response = response
        self._opened = False
        self._in_flight = self._requests = self._bytes = self._kept = 0
        self._waited = 0.0
        self.result = Rendering()
        self.not_recorded: NotRecorded | None = None

    # --- its requests

    async def answer(self, route: "Route") -> None:
        """Hands back what the crawler's downloader had for a request; aborts it where there is nothing."""
        from playwright.async_api import Error

        self._in_flight += 1
        try:
            answered = await self._answer_to(route.request)
            with contextlib.suppress(Error):  # the page is gone
                await (route.fulfill(**answered) if answered else route.abort("blockedbyclient"))
        finally:
            self._in_flight -= 1

    async def _answer_to(self, asked: "Asked") -> dict[str, Any] | None:
        if asked.resource_type == "document" and not self._opened:
            self._opened = True
            return _answer(self._response)
        if not self._may(asked):
            return None
        self._requests += 1
        try:
            response = await self._crawler.engine.download_async(_request(asked))
        except NotRecorded as error:
            self.not_recorded = error
            return None
        except Exception as error:  # whatever it is, the page gets no answer, and the reason stands in the archive
            ours = getattr(error, "kind", "")  # our own refusals say what they are
            reason = str(error) if ours else said(error)
            self._failed(asked, ours or "unreachable", reason, getattr(error, "record", ""))
            return None
        self._bytes += len(response.body)
        self._judge(asked, response)
        return _moved(response) if asked.resource_type == "document" else _answer(response)

    def _may(self, asked: "Asked") -> bool:
        wanted = asked.resource_type in FETCHED and asked.method in ("GET", "POST")
        if not wanted or urlsplit(asked.url).scheme not in ("http", "https") or self.over:
            return False
        if self._requests >= MAX_REQUESTS or self._bytes >= MAX_BYTES:
            self.result.cut_short = f"the page asked for more than {MAX_REQUESTS} things or {MAX_BYTES >> 20} MB"
            return False
        return len(asked.post_data_buffer or b"") <= MAX_POSTED

    @property
    def over(self) -> bool:
        """Whether the visit is being ended: Scrapy's engine must be asked for nothing then."""
        slot = self._crawler.engine._slot
        return bool(self.not_recorded or not slot or slot.closing)

    def _judge(self, asked: "Asked", response: Response) -> None:
        found = document.identify(response.body, response.url)
        record = response.meta["record_id"]
        if reason := blocking.reason(response.status, found):
            self._failed(asked, "blocked", reason, record)
        elif response.status >= 400:
            self._failed(asked, "error", f"HTTP {response.status}", record)

    def _failed(self, asked: "Asked", kind: str, reason: str, record: str) -> None:
        minor = kind == "refused" or asked.resource_type == "script"
        noted = self.result.minor if minor else self.result.failures
        noted.setdefault(asked.url, Failure(asked.url, kind, reason, record))

    # --- its list

    async def read(self, context: "BrowserContext") -> None:
        """Keeps the DOM of the list's first page, and of each next page for as long as clicks bring new links."""
        longest = self._crawler.settings.getint("NIANBAO_MAX_PAGES")
        await context.route("**/*", self.answer)
        await context.route_web_socket("**/*", lambda socket: socket.close())
        page = await context.new_page()
        page.on("popup", lambda popup: popup.close())
        await page.goto(self._response.url, wait_until="commit", timeout=browser.WAIT * 1000)
        known = await self._state(page, set(), WAIT)
        for _ in range(longest - 1):
            if self._ended() or not await self._next(page):
                return
            new = await self._state(page, known, WAIT_CLICK)
            if not new:
                return
            known |= new
        if await self._next(page):
            self.result.cut_short = f"the list is longer than {longest} pages"

    def _ended(self) -> bool:
        return bool(self.over or self.result.cut_short)

    async def _state(self, page: "Page", known: set[str], seconds: float) -> set[str]:
        """Waits for links that are not known yet; keeps the DOM of the page, or of its frames, that holds them."""
        self._waited = 0.0
        while True:
            settled = await self._settle(seconds)
            doms = [await self._dom(frame) for frame in page.frames]
            found = [self._listed(dom) - known for dom in doms]
            if any(found) or self._waited >= seconds or self._ended():
                break
        for number, (dom, new) in enumerate(zip(doms, found, strict=True)):
            if new or (number == 0 and not self.result.doms):
                self._keep(dom)
        if not (settled or known or any(found) or self.over):
            self.result.cut_short = f"the page had not come to rest after {seconds:g} s"
        return set().union(*found)

    async def _settle(self, seconds: float) -> bool:
        """Waits until the page asks for nothing more; False where `seconds` were not enough."""
        idle = 0.0
        while idle < IDLE and self._waited < seconds and not self.over:
            await asyncio.sleep(TICK)
            idle = 0.0 if self._in_flight else idle + TICK
            self._waited += 0.0 if self._in_flight else TICK
        return idle >= IDLE

    def _listed(self, dom: bytes) -> set[str]:
        return listed(document.identify(dom, self._response.url))

    async def _dom(self, frame: "Frame") -> bytes:
        text = str(await _answered(frame, _DOM, self._response.url) or "")
        if len(text) > MAX_DOM:
            self.result.cut_short = f"the page is longer than {MAX_DOM >> 20} million characters"
            return b""
        return text.encode("utf-8", "replace")

    def _keep(self, dom: bytes) -> None:
        self._kept += len(dom)
        if self._kept > MAX_BYTES:
            self.result.cut_short = f"the list is longer than {MAX_BYTES >> 20} MB"
        elif dom:
            self.result.doms.append(dom)

    async def _next(self, page: "Page") -> bool:
        for frame in page.frames:
            if await _answered(frame, _NEXT):
                return True
        return False


async def _answered(frame: "Frame", script: str, argument: Any = None) -> Any:
    """What a script says in a frame; None where the frame has gone meanwhile."""
    from playwright.async_api import Error

    with contextlib.suppress(Error):
        return await soon(frame.evaluate(script, argument))
    return None


def _request(asked: "Asked") -> Request:
    headers = {k: v for k, v in asked.headers.items() if k not in OWN_HEADERS and not k.startswith(("sec-", "if-"))}
    return Request(
        asked.url,
        method=asked.method,
        headers=headers,
        body=asked.post_data_buffer or b"",
        callback=NO_CALLBACK,
        meta={"dont_redirect": asked.resource_type == "document"},
    )


def _answer(response: Response) -> dict[str, Any]:
    """As Playwright's `fulfill` takes it. Never a redirect: the browser would follow that past the interception."""
    passed = (b"content-type", b"access-control-")
    headers = {
        name.decode("latin-1"): b", ".join(values).decode("latin-1")
        for name, values in response.headers.items()
        if name.lower().startswith(passed)
    }
    status = 502 if 300 <= response.status < 400 else response.status
    return {"status": status, "headers": headers, "body": response.body}


def _moved(response: Response) -> dict[str, Any]:
    """A document's redirect as a page that leads there, so that the browser asks again and knows its address."""
    location = response.headers.get("Location")
    if not (300 <= response.status < 400 and location):
        return _answer(response)
    address = json.dumps(urljoin(response.url, location.decode("latin-1"))).replace("<", "\\u003c")
    script = f"<!DOCTYPE html><script>location.replace({address})</script>"
    return {"status": 200, "headers": {"Content-Type": "text/html"}, "body": script}
