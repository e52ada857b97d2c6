"""Tells whoever started the crawl how it goes: a line of JSON on standard output for each exchange."""

import json

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Response


class Progress:
    """Extension, on where NIANBAO_PROGRESS is set. `nianbao crawl` reads what it prints."""

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("NIANBAO_PROGRESS"):
            raise NotConfigured
        crawler.signals.connect(self._received, signals.response_received)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Progress":
        return cls(crawler)

    def _received(self, response: Response, request: Request) -> None:
        print(json.dumps({"url": request.url, "status": response.status, "bytes": len(response.body)}), flush=True)
