"""What the tests of kills, power losses and faults share: portals to visit, and what must be the same in the end."""

import re
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from conftest import FAST, Command

from archive import search, warc
from sample_portals import Reply, SamplePortals

HOME = "http://www.licheng.gov.cn/"
NOW = "2026-02-01T00:00:00Z"
TITLE = "济南市历城区第{}局2020年政府信息公开工作年度报告"
PAGE = 60  # reports on a page of the list
DIGITS = str.maketrans("0123456789", "〇一二三四五六七八九")
OF_A_VISIT = {  # which visit an answer is from, and when that was
    *("filename", "offset", "length", "run", "timestamp", "time", "date", "first_seen", "last_seen", "until"),
}
REGISTRY = f"""
[370112]
name = "济南市历城区"
slug = "licheng"
home = "{HOME}"

[370115]
name = "济南市济阳区"
slug = "jiyang"
home = "http://www.jiyang.gov.cn/"
"""


def html(text: str) -> Reply:
    return Reply(200, [("Content-Type", "text/html; charset=utf-8")], f"<html><body>{text}</body></html>".encode())


def publish(portals: SamplePortals, count: int) -> int:
    """A portal of so many reports, each with an attachment, beside one with a real report.

    Returns how many addresses the first one has, robots.txt and the page that says 404 among them.
    """
    portals.overrides[HOME] = html('<a href="/nb/">政府信息公开年报</a>')
    pages = [range(start, min(start + PAGE, count)) for start in range(0, count, PAGE)]
    for number, page in enumerate(pages, 1):
        links = "".join(f'<li><a href="/nb/{n}.html">{_title(n)}</a></li>' for n in page)
        following = f'<a href="/nb/index_{number + 1}.html">下一页</a>' if number < len(pages) else ""
        portals.overrides[f"{HOME}nb/{'' if number == 1 else f'index_{number}.html'}"] = html(links + following)
    for n in range(count):
        text = f'<h1>{_title(n)}</h1><p>{"正文。" * 40}</p><a href="/nb/{n}.pdf">附件.pdf</a>'
        portals.overrides[f"{HOME}nb/{n}.html"] = html(text)
        portals.overrides[f"{HOME}nb/{n}.pdf"] = Reply(body=b"%PDF-1.4 " + str(n).encode() * 50)
    return 3 + len(pages) + 2 * count


def _title(n: int) -> str:
    return TITLE.format(str(n).translate(DIGITS))


def arguments(nianbao: Command) -> list[str]:
    """Visits both portals; a registry stands beside the data folder."""
    registry = nianbao.data.with_suffix(".toml")
    registry.write_text(REGISTRY, "utf-8")
    return ["crawl", "--only-registry", "--registry", str(registry), *FAST]


def begun(nianbao: Command, given: list[str], number: int = 0, **environment: str) -> subprocess.Popen[str]:
    """The command as a process of its own, and the head of a group of processes. `number` of runs went before."""
    now = f"{NOW[:11]}{number // 6:02}:{number % 6}0:00Z"
    return subprocess.Popen(
        [sys.executable, "-m", "archive.cli", *given, "--data", str(nianbao.data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**nianbao.environment, "NIANBAO_NOW": now, **environment},
        start_new_session=True,
    )


Rows = dict[str, list[str]]


def rows(data: Path) -> Rows:
    """All that the database says but for which visit it is from and when; of the visits themselves nothing."""
    with sqlite3.connect(data / "nianbao.db") as db:
        names = {name for (name,) in db.execute("select name from sqlite_master where type = 'table'")}
        found = {}
        names = {name for name in names if not name.startswith(search.TABLE)}  # it has rowids of its own
        for name in sorted(names - {"runs", "failures", "archives", "captures"}):
            fields = [f"[{field}]" for _, field, *_ in db.execute(f"pragma table_info([{name}])")]
            fields = [field for field in fields if field.strip("[]") not in OF_A_VISIT]
            found[name] = sorted(map(repr, db.execute(f"select {','.join(fields)} from [{name}]")))
        found["events"] = sorted(re.sub(r"-\d{14}'", "'", row) for row in found["events"])  # their ids have a time
        sql = "select distinct portal, url, status, mime, digest from captures where status <> 304"
        found["captures"] = sorted(map(repr, db.execute(sql)))
        db.execute(f"create virtual table temp.indexed using fts5vocab(main, {search.TABLE}, row)")
        found[search.TABLE] = sorted(map(repr, db.execute("select term, doc, cnt from indexed")))
    return found


def differences(found: Rows, wanted: Rows) -> list[str]:
    return [
        f"{name}: {mark}{row}"
        for name in sorted(found.keys() | wanted.keys())
        for mark, a, b in (("+", found, wanted), ("-", wanted, found))
        for row in sorted((Counter(a.get(name, [])) - Counter(b.get(name, []))).elements())
    ]


def twice(data: Path) -> dict[str, int]:
    """Addresses whose answer is archived more than once as a response.

    What did not answer with a page is asked for by every visit, so only answers of status 200 count.
    """
    records = (record for path in warc.files(data) for record in warc.index(path))
    counted = Counter(r.url for r in records if (r.type, r.status) == ("response", 200))
    return {url: count for url, count in counted.items() if count > 1}


Kept = dict[Path, tuple[bytes, bytes]]


def kept(data: Path) -> Kept:
    """The indexed part of each file, and the whole lines of its index."""
    found: Kept = {}
    for path in warc.files(data):
        records = warc.index(path) if warc.index_path(path).exists() else []
        end = records[-1].offset + records[-1].length if records else 0
        lines = warc.index_path(path).read_bytes() if records else b""
        found[path] = path.read_bytes()[:end], lines[: lines.rfind(b"\n") + 1]
        assert len(found[path][0]) == end, f"{path} is shorter than its index says"
    return found


def lost(data: Path, before: Kept) -> list[Any]:
    """Files that no longer begin with what they held."""
    after = kept(data)
    gone = ((b"", b""),)
    return [
        path
        for path, parts in before.items()
        if not all(new.startswith(old) for old, new in zip(parts, after.get(path, *gone), strict=True))
    ]


def ends(process: subprocess.Popen[str]) -> tuple[int, str]:
    """(exit code, all that it said)"""
    output, _ = process.communicate(timeout=300)
    return process.returncode, output
