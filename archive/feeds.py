"""News as static files, Atom (RFC 4287) and JSON Feed 1.1: DATA/feeds/<name>.atom and .json. They need no server.

all, each kind of event, each province (37) and each district (370112). `all` has an entry for each week in which we
were out, so that silence and a broken crawler look different.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import sqlite_utils

from archive import clock
from archive.events import KINDS
from archive.show import printable

PROVINCES = {  # GB/T 2260
    "11": "北京市", "12": "天津市", "13": "河北省", "14": "山西省", "15": "内蒙古自治区", "21": "辽宁省",
    "22": "吉林省", "23": "黑龙江省", "31": "上海市", "32": "江苏省", "33": "浙江省", "34": "安徽省",
    "35": "福建省", "36": "江西省", "37": "山东省", "41": "河南省", "42": "湖北省", "43": "湖南省",
    "44": "广东省", "45": "广西壮族自治区", "46": "海南省", "50": "重庆市", "51": "四川省", "52": "贵州省",
    "53": "云南省", "54": "西藏自治区", "61": "陕西省", "62": "甘肃省", "63": "青海省", "64": "宁夏回族自治区",
    "65": "新疆维吾尔自治区",
}  # fmt: skip
_ENTRIES = 100  # in a feed
_WEEKS = 4  # of which `all` says that we were out
_TITLE = 200  # characters
_NO_XML = re.compile(r"[\ud800-\udfff\ufffe\uffff]")
_ATOM = "http://www.w3.org/2005/Atom"

_EVENTS = """
select e.id, e.date, e.kind, e.portal, e.report, e.message, r.title, r.url, p.home
from events e left join reports r on r.id = e.report join portals p on p.code = e.portal
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of news, in plain text. `time` in UTC."""

    id: str
    time: str
    kind: str
    title: str
    text: str
    url: str


def write(data: Path, site: str = "") -> list[Path]:
    """Writes all feeds of DATA/nianbao.db; a file that says what it said before is left alone. Returns those written.

    `site` is the address of the public site, where there is one; else entries lead to the portals.
    """
    db = sqlite_utils.Database(data / "nianbao.db")
    mark = "样例 / sample · " if any(db.query("select 1 from runs where sample limit 1")) else ""
    folder = data / "feeds"
    folder.mkdir(exist_ok=True)
    written = []
    for name, title, entries in _feeds(db, site):
        for suffix, made in ((".atom", _atom), (".json", _json)):
            path = folder / f"{name}{suffix}"
            content = made(path.name, f"{mark}年报 nianbao · {title}", entries, site)
            if not path.exists() or path.read_bytes() != content:
                _replace(path, content)
                written.append(path)
    return written


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    os.replace(new, path)


def _feeds(db: sqlite_utils.Database, site: str) -> Iterator[tuple[str, str, list[Entry]]]:
    """(name, title, entries, newest first) of each feed."""

    def of(where: str, *values: str) -> list[Entry]:
        sql = f"{_EVENTS} where {where} order by e.date desc, e.id limit {_ENTRIES}"
        return [_entry(row, site) for row in db.query(sql, values)]

    everything = sorted([*of("1"), *_heartbeats(db, site)], key=lambda entry: entry.time, reverse=True)
    yield "all", "全部 / all", everything
    for kind, title in KINDS.items():
        yield kind, title, of("e.kind = ?", kind)
    portals = list(db.query("select code, name from portals order by code"))
    for code in sorted({row["code"][:2] for row in portals}):
        yield code, PROVINCES.get(code, code), of("substr(e.portal, 1, 2) = ?", code)
    for row in portals:
        yield row["code"], row["name"], of("e.portal = ?", row["code"])


def _entry(row: dict[str, str], site: str) -> Entry:
    url = row["url"] or row["home"]
    if site and row["report"]:  # of a revision, where each changed cell stands
        url = f"{site}/event/{row['id']}" if row["kind"] == "revised" else f"{site}/report/{row['report']}"
    text = "\n".join(filter(None, (row["message"], row["title"], row["url"])))
    return Entry(f"urn:nianbao:event:{row['id']}", row["date"], row["kind"], row["message"], text, url or "")


def _heartbeats(db: sqlite_utils.Database, site: str) -> list[Entry]:
    """An entry for each of the last weeks with a visit: how many portals were visited, and which could not be read."""
    weeks: dict[str, dict[str, tuple[str, str]]] = {}
    sql = "select portal, verdict, max(finished, started) as time from runs where not by_hand order by time"
    for run in db.query(sql):
        day = clock.parse(run["time"]).astimezone(clock.BEIJING)
        weeks.setdefault(f"{day:%G-W%V}", {})[run["portal"]] = run["verdict"], run["time"]
    names = {row["code"]: row["name"] for row in db.query("select code, name from portals")}
    found = []
    for week in sorted(weeks)[-_WEEKS:]:
        visited = weeks[week]
        bad = [f"{names[code]} ({verdict})" for code, (verdict, _) in sorted(visited.items()) if verdict != "ok"]
        title = (
            f"运行记录 {week}：访问 {len(visited)} 个网站，{len(bad)} 个未能读全 / heartbeat: {len(visited)} visited"
        )
        text = "\n".join([title, *bad])
        time = max(time for _, time in visited.values())
        found.append(Entry(f"urn:nianbao:heartbeat:{week}", time, "heartbeat", title, text, site))
    return found


def _atom(name: str, title: str, entries: Sequence[Entry], site: str) -> bytes:
    feed = ElementTree.Element("feed", xmlns=_ATOM)
    _add(feed, "id", f"urn:nianbao:feed:{name.partition('.')[0]}")
    _add(feed, "title", title)
    _add(feed, "updated", max((entry.time for entry in entries), default="1970-01-01T00:00:00Z"))
    _add(_add(feed, "author"), "name", "nianbao")
    if site:
        _add(feed, "link", rel="self", href=f"{site}/feeds/{name}")
        _add(feed, "link", href=site)
    for entry in entries:
        element = _add(feed, "entry")
        _add(element, "id", entry.id)
        _add(element, "title", _plain(entry.title)[:_TITLE])
        _add(element, "updated", entry.time)
        _add(element, "category", term=entry.kind)
        _add(element, "content", _plain(entry.text), type="text")
        if entry.url:
            _add(element, "link", href=entry.url)
    ElementTree.indent(feed)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(feed, "unicode")}\n'.encode()


def _add(parent: ElementTree.Element, tag: str, text: str = "", **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag, attributes)
    element.text = text or None
    return element


def _json(name: str, title: str, entries: Iterable[Entry], site: str) -> bytes:
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": title, "language": "zh-CN"}
    feed |= {"home_page_url": site, "feed_url": f"{site}/feeds/{name}"} if site else {}
    items = [
        {
            "id": entry.id,
            "title": _plain(entry.title)[:_TITLE],
            "content_text": _plain(entry.text),
            "date_published": entry.time,
            "tags": [entry.kind],
            **({"url": entry.url} if entry.url else {}),
        }
        for entry in entries
    ]
    return json.dumps({**feed, "items": items}, ensure_ascii=False, indent=1).encode() + b"\n"


def _plain(text: str) -> str:
    """Without what turns text around, or may not stand in XML: titles come from pages."""
    return "\n".join(_NO_XML.sub("", printable(line)) for line in text.split("\n"))
