"""Lists that HTML links alone do not walk, one module for each family of platforms.

Each has `links(document, kind) -> list[Link]` and is told by what the page itself holds, never by its host. Of what it
gives, `parsers.links` keeps the kinds that are followed from a page of that kind.
"""

import re
from collections import Counter
from collections.abc import Iterable

from parsers.platforms import empire, eportal, gkmlpt, hanweb, json_list, lonsun, trs, trs_search

FAMILIES = (trs, trs_search, hanweb, gkmlpt, lonsun, eportal, empire, json_list)

# How families write the addresses of their articles. It says who made a site, and is used for nothing else.
_ARTICLES = {
    "TRS": r"/t20\d{6}_\d+\.s?html?$",
    "Hanweb": r"/art/\d{4}/(?:.*/)?art_\w+\.html?$|/xxgkAnnualReport\.jsp",
    "/gongkai/": r"/gongkai/.*channel_\w+[^/]*/doc_[0-9a-f]{24}\.html?$",
    "gkmlpt": r"/gkmlpt/(?:content|api)/",
    "Guangdong": r"/content/post_\d+\.html?$",
    "Lonsun": r"/public/(?:column|content|\d+)/\d+",
    "Openness": r"/(?:OpennessContent|OpennessAnnualReport|XxgkAnnualReport|Xxgknb)/",
    "Boda VSB": r"/info/\d+/\d+\.htm$",
    "eportal": r"/\d{5,8}/index\.html$|/\d{19}/index\.shtml$",
    "集约化": r"/(?:\d{19}|[0-9a-f]{24})\.html$",
    "Ucap": r"/\d{6}/[0-9a-f]{32}\.shtml$|/content_\w+\.s?html$",
    "Epoint": r"/20\d{6}/[0-9a-f]{8}-[0-9a-f-]{27}\.html$",
    "帝国CMS": r"/e/action/ShowInfo",
}


def family(addresses: Iterable[str]) -> str:
    """The family that most of these articles' addresses look like; "" where they look like none that we know."""
    looks = Counter(name for url in addresses for name, shape in _ARTICLES.items() if re.search(shape, url))
    return looks.most_common(1)[0][0] if looks else ""
