"""Hanweb jcms: lists within a script, more of them from dataproxy.jsp; annual reports by body and year.

The list stands as <record><![CDATA[…]]></record> in the page, and so in each answer of dataproxy.jsp. <nextgroup> has
the address of what follows; where it is missing, the page's script says what to ask for.
"""

import re
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from parsers.anchors import MAX_PAGES, anchors, too_far, with_query
from parsers.heading import title_of
from parsers.model import Document, Link
from parsers.platforms import script

_TOTAL = re.compile(r"<totalrecord>\s*(\d{1,9})|totalrecord\D{1,5}(\d{1,9})", re.IGNORECASE)
_PROXY = re.compile(r"""["']([^"'\s]*/dataproxy\.jsp)""")
_FIELDS = ("col", "appid", "webid", "path", "columnid", "sourceContentType", "unitid", "webname", "permissiontype")
_GROUP = 3  # pages that the platform's own script asks for at a time
_ANNUAL = "xxgkAnnualReport.jsp"
_YEAR = re.compile(r"""<option[^<>]*value=["']?(20\d\d)\b""", re.IGNORECASE)


def links(document: Document, kind: str) -> list[Link]:
    return _records(document) + _following(document) + _annual(document)


def _records(document: Document) -> list[Link]:
    html = "".join(_cdata(document.text, "record"))
    return [Link(url, text, "report") for url, text in anchors(html, document.url) if title_of(text)] if html else []


def _following(document: Document) -> list[Link]:
    for group in _cdata(document.text, "nextgroup"):
        following = [url for url, _ in anchors(group, document.url) if "dataproxy.jsp" in url]
        if following:
            return [Link(url, "下一组", "page") for url in following if not too_far(url)]
    proxy = _PROXY.search(document.text) if "dataproxy.jsp" in document.text else None
    if not proxy:
        return []
    total = _TOTAL.search(document.text)
    form = {name: found for name in _FIELDS if (found := script.value(document.text, name)) is not None}
    if not total or "columnid" not in form:
        return []
    size = (script.number(document.text, "perpage") or 15) * _GROUP
    url = urljoin(document.url, proxy[1])
    start = len(_cdata(document.text, "record")) + 1
    last = min(int(total[1] or total[2]), MAX_PAGES * size)
    return [
        Link(
            f"{url}?startrecord={n}&endrecord={n + size - 1}&perpage={size // _GROUP}",
            "下一组",
            "page",
            urlencode(form),
        )
        for n in range(start, last + 1, size)
    ]


def _cdata(text: str, element: str) -> list[str]:
    """The HTML within each <element><![CDATA[…]]>."""
    parts = text.split(f"<{element}>")[1:]
    return [part.partition("<![CDATA[")[2].partition("]]>")[0] for part in parts]


def year_asked(url: str) -> str:
    """The year whose report an address asks for; "" where it asks for none."""
    parts = urlsplit(url)
    return dict(parse_qsl(parts.query)).get("fbtime", "") if parts.path.endswith(_ANNUAL) else ""


def _annual(document: Document) -> list[Link]:
    """xxgkAnnualReport.jsp?area=BODY is a body's column: a choice of years, each with &fbtime=YEAR.

    Years without report are offered, too. So each year's page is a column until it shows that it is a report.
    """
    found = []
    if _ANNUAL in document.text:
        for url, text in anchors(document.text, document.url):
            if urlsplit(url).path.endswith(_ANNUAL):
                found.append(Link(url, text, "report" if title_of(text) else "column"))
    own = urlsplit(document.url)
    if own.path.endswith(_ANNUAL) and dict(parse_qsl(own.query)).get("area"):
        years = dict.fromkeys(_YEAR.findall(document.text))
        found += [Link(with_query(document.url, fbtime=year), f"{year}年", "column") for year in years]
    return found
