"""Politeness as policy, and what Scrapy opens by default closed. Any of these can be set by `-s NAME=VALUE`."""

import os

from archive import disk

BOT_NAME = "nianbao"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"

# Where the archive is and what is collected; `nianbao crawl` passes its own options on as these.
NIANBAO_DATA = os.environ.get("NIANBAO_DATA", "data")
NIANBAO_REGISTRY = ""  # further registry files and folders, joined by os.pathsep
NIANBAO_ONLY_REGISTRY = False
NIANBAO_CONTACT = os.environ.get("NIANBAO_CONTACT", "")
NIANBAO_BROWSER = os.environ.get("NIANBAO_BROWSER")  # path of a Chromium; unset: the installed one, "": none
NIANBAO_VANTAGE = os.environ.get("NIANBAO_VANTAGE", "")
NIANBAO_MIN_FREE = os.environ.get("NIANBAO_MIN_FREE") or disk.FLOOR  # "2G": with less free space no visit goes on
NIANBAO_SAMPLE = False  # the sample portals are not the real ones, and the archive says so
NIANBAO_RECHECK = False  # ask again for what was had lately
NIANBAO_FENCED = False  # standard input says until when the visit may go on (crawler.fence)
NIANBAO_PROGRESS = False  # a line of JSON on standard output for each exchange

# Who we are stands in the user agent (crawler.pacing.Manners): a portal's people must be able to reach us.
ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = "nianbao"

# One request at a time to a host, at least DOWNLOAD_DELAY seconds between (see pacing.py), more where it is slow.
CONCURRENT_REQUESTS_PER_DOMAIN = 1
CONCURRENT_REQUESTS = 4  # a portal has few hosts; what waits in Scrapy's queue cannot be called back
DOWNLOAD_DELAY = 3
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 3
AUTOTHROTTLE_MAX_DELAY = 60
NIANBAO_NIGHT = os.environ.get("NIANBAO_NIGHT", "")  # "22-6": go out in these hours of Beijing only

# Bounds: what a hostile or broken portal can cost us.
DOWNLOAD_TIMEOUT = 60
DOWNLOAD_MAXSIZE = 64 << 20
DEPTH_LIMIT = 0  # Scrapy's own drops requests in silence; the next two make the verdict partial
NIANBAO_MAX_PAGES = 100  # of one list, by links or by clicks
NIANBAO_MAX_ANSWERS = 5000  # from the portal in one visit; the next one goes on
CLOSESPIDER_TIMEOUT = 6 * 3600  # the longest visit of one portal
URLLENGTH_LIMIT = 0  # Scrapy's own drops requests in silence; crawler.guard refuses them

# Only http and https go out, to public addresses; no door stays open to the running crawl.
TWISTED_DNS_RESOLVER = "crawler.guard.PublicResolver"
NIANBAO_MAP_HOSTS = ""  # "name=address,…": for tests, which serve a portal on loopback without a proxy
DOWNLOAD_HANDLERS = {
    "http": "crawler.wire.Handler",
    "https": "crawler.wire.Handler",
    **dict.fromkeys(("data", "file", "ftp", "s3")),
}
_EXTENSIONS = ("corestats.CoreStats", "logcount.LogCount", "memusage.MemoryUsage", "closespider.CloseSpider",
               "feedexport.FeedExporter", "logstats.LogStats", "throttle.AutoThrottle")  # fmt: skip
EXTENSIONS_BASE = {f"scrapy.extensions.{name}": 0 for name in _EXTENSIONS}  # so no telnet, no remote control

# Encodings that the standard library can undo, so that an archive can be read without extra packages for ever.
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Accept-Language": "zh-CN,zh;q=0.9",
    "Accept-Encoding": "gzip, deflate",
}
METAREFRESH_ENABLED = False  # parsers.links follows it, so that the build goes the same way
HTTPERROR_ALLOW_ALL = True  # the spider judges every status itself: a 404 is something to record
CONCURRENT_ITEMS = 2  # Scrapy starts this many tasks for each response; the default of 100 costs a quarter of its speed

ADDONS = {"crawler.pacing.Manners": 0}
DOWNLOADER_MIDDLEWARES = {
    "crawler.guard.HostGuard": 40,  # before robots.txt is fetched from a host that is not ours to visit
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.robots.Robots": 100,
    "crawler.memory.Memory": 890,  # what it knows or answers passes by everything nearer the wire
    "crawler.pacing.Pacing": 900,
    "crawler.fence.Fence": 940,
    "crawler.recorder.Recorder": 950,  # nearest the wire: before redirects are followed and bodies unzipped
}
LOG_LEVEL = "INFO"
