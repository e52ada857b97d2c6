"""Hosts outside the registry are never visited: spam mirrors clone these reports, and a link may lead anywhere."""

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares import cookies
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.httpobj import urlparse_cached
from tldextract import TLDExtract

from archive.registry import allowed_hosts

# Scrapy's cookie jar would fetch the public suffix list from the web by itself; the one in the package will do.
cookies._split_domain = TLDExtract(include_psl_private_domains=True, suffix_list_urls=())


class HostGuard:
    """Downloader middleware: refuses a request, redirects and retries included, to any host but the portal's."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "HostGuard":
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        host = urlparse_cached(request).netloc.lower()
        if host not in allowed_hosts(self._crawler.spider.portal):
            raise IgnoreRequest(f"{host} is not a host of this portal in the registry")
