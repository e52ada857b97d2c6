"""Where the crawler may go: the portal's own hosts, at public addresses, and nowhere else.

Spam mirrors clone these reports, and a link, a redirect or a name server may lead anywhere, into the operator's own
network too. So hosts are checked on every hop, and addresses when a connection is made.
"""

import ipaddress
from datetime import datetime
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares import cookies
from scrapy.exceptions import IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from scrapy.utils.httpobj import urlparse_cached
from tldextract import TLDExtract
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred, fail, succeed

from archive.registry import allowed_hosts, host_of

# Scrapy's cookie jar would fetch the public suffix list from the web by itself; the one in the package will do.
cookies._split_domain = TLDExtract(include_psl_private_domains=True, suffix_list_urls=())

MAX_URL = 2000  # characters
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(IgnoreRequest):
    """A request that we do not send. `kind` is that of the failure it becomes: refused, blocked or unreachable.

    `until` is when the host may be asked again, where it is being left alone; `record` the WARC record of what decided.
    """

    def __init__(self, reason: str, kind: str = "refused", until: datetime | None = None, record: str = "") -> None:
        super().__init__(reason)
        self.kind = kind
        self.until = until
        self.record = record


class NotPublic(OSError):
    """A name stands for an address that is not public."""

    kind = "refused"


class HostGuard:
    """Downloader middleware: refuses a request, redirects and retries included, to any host but the portal's."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "HostGuard":
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        parts = urlparse_cached(request)
        host = host_of(request.url)
        if len(request.url) > MAX_URL:
            raise Refused(f"an address of {len(request.url)} characters, more than {MAX_URL}")
        if parts.scheme not in ("http", "https"):
            raise Refused(f"{parts.scheme}: is not a scheme that is followed")
        if host not in allowed_hosts(self._crawler.spider.portal):
            raise Refused(f"{host} is not a host of this portal in the registry")
        if _is_address(parts.hostname or "") and not is_public(parts.hostname or ""):
            raise Refused(f"{host} is not a public address")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet, whatever IPv6 form an IPv4 address hides in."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner:
            return is_public(str(inner))
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


class PublicResolver(CachingThreadedResolver):
    """Resolves a name once and hands on only a public address, so that what was checked is what is connected to.

    The proxy of the environment is exempt: names of portals are resolved there, not here. So are the hosts that the
    setting NIANBAO_MAP_HOSTS ("name=address,name=address") sends to a test server.
    """

    def __init__(self, reactor: ReactorBase, cache_size: int, timeout: float, mapped: dict[str, str]) -> None:
        super().__init__(reactor, cache_size, timeout)
        self._mapped = mapped
        self._proxies = {urlsplit(url if "//" in url else f"//{url}").hostname for url in getproxies().values()}

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> "PublicResolver":
        pairs = filter(None, crawler.settings["NIANBAO_MAP_HOSTS"].split(","))
        mapped = dict(pair.split("=", 1) for pair in pairs)
        settings = crawler.settings
        return cls(reactor, settings.getint("DNSCACHE_SIZE"), settings.getfloat("DNS_TIMEOUT"), mapped)

    def getHostByName(self, name: str, timeout: object = ()) -> Deferred[str]:  # type: ignore[override]  # noqa: N802
        if name in self._mapped:
            return succeed(self._mapped[name])
        if _is_address(name):
            return succeed(name) if name in self._proxies else self._check(name, name)
        found = super().getHostByName(name)
        return found if name in self._proxies else found.addCallback(self._checked, name)

    def _checked(self, address: str, name: str) -> str:
        if not is_public(address):
            raise NotPublic(f"{name} stands for {address}, which is not a public address")
        return address

    def _check(self, address: str, name: str) -> Deferred[str]:
        try:
            return succeed(self._checked(address, name))
        except NotPublic as error:
            return fail(error)
