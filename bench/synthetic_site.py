"""A database of so many facts, stored as a build stores them: the tables and the prose of two seeds, other numbers."""

import dataclasses
import json
import random
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import sqlite_utils  # noqa: E402

from archive import build, search, sheets, tables  # noqa: E402
from archive.feeds import PROVINCES  # noqa: E402
from bench.reading import DOCX, word_page  # noqa: E402
from parsers import document, report  # noqa: E402
from parsers.model import Fact, Report  # noqa: E402

YEARS = (2019, 2020, 2021, 2022, 2023)
_CAPTURES = 30  # of a portal
Draw = random.Random  # the same data in every run
Rows = dict[str, list[dict[str, Any]]]


def write(target: Path, facts: int) -> int:
    """Writes the database; returns how many portals it took."""
    old, new = _seeds()
    portals = max(1, round(facts / sum(len(_seed(old, new, year).facts) for year in YEARS)))
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite_utils.Database(target)) as db:
        db.execute("pragma synchronous = off")
        with db.atomic():
            tables.create(db)
        for number in range(portals):
            code = code_of(number)
            with db.atomic():
                build._replace(db, code, _rows(code, old, new, Draw(number)))
    return portals


def write_portal(target: Path, bodies: int) -> str:
    """Writes the database of one portal with so many bodies, five reports each; returns its code."""
    old, new = _seeds()
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite_utils.Database(target)) as db, db.atomic():
        tables.create(db)
        build._replace(db, code_of(0), _rows(code_of(0), old, new, Draw(0), bodies))
    return code_of(0)


def _seeds() -> tuple[Report, Report]:
    """A report of the old form, and one of the new."""
    old = report.read([document.identify(DOCX.read_bytes(), DOCX.name)])
    return old, report.read([document.identify(word_page(), "http://x.gov.cn/a.html")])


def _seed(old: Report, new: Report, year: int) -> Report:
    return old if year < 2021 else new


def code_of(number: int) -> str:
    provinces = sorted(PROVINCES)
    province, rest = provinces[number % len(provinces)], number // len(provinces)
    return f"{province}{rest // 12 + 1:02}{rest % 12 + 1:02}"


def _rows(code: str, old: Report, new: Report, draw: Draw, bodies: int = 1) -> Rows:
    name, home = f"样{code[2:4]}市第{code[4:]}区", f"http://www.x{code}.gov.cn/"
    rows: Rows = {"portals": [{"code": code, "name": name, "slug": f"x{code}", "home": home, "expect_reports": 1}]}
    file = f"{code}-20260101000000-00000.warc.gz"
    run = {"id": f"{code}-20260101000000", "portal": code, "started": "2026-01-01T00:00:00Z", "captures": _CAPTURES}
    rows["runs"] = [run | {"finished": "2026-01-01T01:00:00Z", "verdict": "ok", "bytes": 900_000, "sample": 1}]
    rows["captures"] = [
        {"filename": file, "offset": n * 1000, "length": 1000, "type": "response", "url": f"{home}a/{n}.html"}
        | {
            "timestamp": f"2026-01-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z",
            "status": 200,
            "mime": "text/html",
            "digest": f"sha1:{code}{n}",
        }
        | {"portal": code, "run": run["id"]}
        for n in range(_CAPTURES * bodies)
    ]
    for number in range(len(YEARS) * bodies):
        body, year = number // len(YEARS), YEARS[number % len(YEARS)]
        issuer = f"{name}第{body}局" if body else f"{name}人民政府"
        for table, row in _report(code, issuer, year, number, file, _seed(old, new, year), draw):
            rows.setdefault(table, []).append(row)
    search.number(code, rows["prose"])
    return rows


def _report(
    code: str, issuer: str, year: int, number: int, file: str, seed: Report, draw: Draw
) -> Iterator[tuple[str, dict[str, Any]]]:
    key, digest = f"{code}-{issuer}-{year}-1", f"sha1:{code}{number}"
    first = f"2026-01-01T00:{number // 60 % 60:02}:{number % 60:02}Z"
    title, url = f"{issuer}{year}年政府信息公开工作年度报告", f"http://www.x{code}.gov.cn/a/{number}.html"
    of = {"portal": code, "issuer": issuer, "year": year}
    row = {
        "id": key,
        "scope": "government" if number < len(YEARS) else "department",
        "title": title,
        "url": url,
        "digest": digest,
        "content_digest": digest,
    }
    row |= {"published": f"{year + 1}-01-20", "due": f"{year + 1}-03-31", "timeliness": "on_time", "withdrawn": 0}
    yield "reports", of | row | {"first_seen": first, "last_seen": first, "revision": 1, "current": 1}
    where = {"filename": file, "offset": number * 1000}
    yield "documents", {"report": key, "number": 0, "url": url, "digest": digest, "media_type": "html", **where}
    for sheet in sheets.sheets(key, (_other(fact, draw) for fact in seed.facts)):
        yield "sheets", sheet
    for count, claim in enumerate(seed.claims, 1):
        yield "claims", {"report": key, "number": count, **dataclasses.asdict(claim)}
    for count, found in enumerate(seed.findings, 1):
        row = {"report": key, "number": count, "check_name": found.check, "level": found.level}
        yield "findings", row | {"message": found.message, "items": json.dumps(found.items)}
    lines = seed.prose.splitlines()
    draw.shuffle(lines)
    yield "prose", {"report": key, "text": "\n".join(lines)}
    event = {"id": f"e{code}-{number}", "date": first, "kind": "new", "report": key, "what": "[]"}
    yield "events", of | event | {"message": f"新收到：{issuer} {year} 年度报告 / new: report of {year}"}
    if number < len(YEARS):
        yield "coverage", {"portal": code, "year": year, "state": "have", "report": key}


def _other(fact: Fact, draw: Draw) -> Fact:
    if fact.kind != "number":
        return fact
    value = draw.choice((0, 0, 0, 1, 7, 30, 290, draw.randrange(5000)))
    return dataclasses.replace(fact, value=value, text=str(value))


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), int(sys.argv[2])))
