"""Reports whose tables are pictures, from the portal to the database: images in a page, and a scan as a PDF."""

import html
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils
from conftest import FAST, Command
from scans import as_image, as_scan, drawn, missing, module, scan, tables
from test_crawl import LAIWU_COLUMN, LAIWU_REPORT, SHANTING_PDF
from test_reports import cells

from archive import build, pictures
from archive.pictures import Pictures
from archive.reader import Reader
from parsers import numbers, ocr, report
from sample_portals import Reply, SamplePortals
from sample_portals.report_text import Paragraph, read_report

if not ocr.available():
    missing("the extra nianbao[ocr]")

KINDS = (("PNG", {}), ("JPEG", {"quality": 75}), ("GIF", {}))
FRAME = '<div class="header"><a href="/"><img src="/images/logo.png"></a></div>'
CODE = '<div class="ewm"><p>扫一扫</p><img src="W09.png"></div>'


def in_pictures(case: str) -> dict[str, Reply]:
    """The report's page, with an image for each of its tables."""
    replies: dict[str, Reply] = {}
    parts = []
    for block in read_report(case):
        if isinstance(block, Paragraph):
            parts.append(f"<p>{html.escape(block.text)}</p>")
            continue
        kind, options = KINDS[len(replies)]
        name = f"W0{len(replies)}.{kind.lower()}"
        body = as_image(drawn(block), kind, **options).content
        replies[LAIWU_COLUMN + name] = Reply(headers=[("Content-Type", f"image/{kind.lower()}")], body=body)
        parts.append(f'<p align="center"><img src="./{name}" width="800"></p>')
    page = f'<html><head><meta charset="utf-8"></head><body>{FRAME}<div id="zoom">{"".join(parts)}{CODE}</div></body>'
    return {LAIWU_REPORT: Reply(headers=[("Content-Type", "text/html")], body=page.encode()), **replies}


@pytest.fixture(scope="module")
def asked() -> list[str]:
    return []


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, asked: list[str]) -> Path:
    """What a visit to two portals leaves: one shows its tables as images, the other two of three as a worn scan."""
    printed = [drawn(table, size=24, rules="#000") for table in tables("shanting_2020")[::2]]
    scanned = as_scan([scan(page, dpi=150, degrees=0.5, worn=12) for page in printed], 150)
    with SamplePortals() as portals:
        portals.overrides.update(in_pictures("laiwu_2021"))
        portals.overrides[SHANTING_PDF] = Reply(headers=[("Content-Type", "application/pdf")], body=scanned.content)
        command = Command(tmp_path_factory.mktemp("pictures") / "data", portals.proxy_url)
        done = command("crawl", "laiwu", "shanting", *FAST)
        asked += [request.url for request in portals.requests]
    assert done.returncode == 0, done.stdout + done.stderr
    return command.data


def rows(data: Path, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in sqlite_utils.Database(data / "nianbao.db").query(sql)]


def test_images_of_the_text_are_fetched_and_those_of_the_frame_are_not(data: Path, asked: list[str]) -> None:
    images = sorted(url.rpartition("/")[2] for url in asked if not url.endswith((".html", "/", ".pdf", ".js", ".txt")))
    assert {"W00.png", "W01.jpeg", "W02.gif"} == {name for name in images if name.startswith("W0")}
    assert "http://www.laiwu.gov.cn/images/logo.png" not in asked
    kinds = rows(data, "select media_type from documents where report like '370116%' order by number")
    assert [kind for (kind,) in kinds] == ["html", "image", "image", "image"]


def waiting(data: Path, portal: str) -> set[str]:
    found = rows(data, f"select items from findings where check_name = 'ocr_unconfirmed' and report like '{portal}%'")
    return {item for (items,) in found for item in json.loads(items)}


def test_only_what_is_right_is_published(data: Path) -> None:
    """Of the figures that sums can confirm all are; of the rest a person hears."""
    printed = cells("laiwu_2021")
    found = rows(data, "select item, text, value, ocr from facts where report like '370116%'")
    assert len(found) >= 190
    assert {ocr for *_, ocr in found} == {1}
    assert [i for i, text, value, _ in found if printed[i][:2] != (numbers.squash(text), str(value))] == []
    assert waiting(data, "370116") == printed.keys() - {item for item, *_ in found}


def test_a_scan_waits_where_no_sum_confirms_it(data: Path) -> None:
    """Without the table of requests nothing proves that the engine can read this print."""
    assert rows(data, "select media_type from documents where report like '370406%' and number > 0") == [("pdf",)]
    assert rows(data, "select * from facts where report like '370406%'") == []
    printed = cells("shanting_2020")
    assert waiting(data, "370406") == {item for item in printed if not item.startswith("requests.")}


def test_prose_is_held_against_figures_of_pictures(data: Path) -> None:
    loud = rows(
        data, "select check_name, items from findings where level <> 'info' and check_name <> 'ocr_unconfirmed'"
    )
    assert loud == [("prose", '["reviews.litigation_direct.total", "reviews.litigation_direct.other_result"]')]


def test_without_the_extra_the_same_reports_stand_there_without_figures(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = "select id, title, content_digest from reports order by id"
    shutil.copytree(data, tmp_path / "data")
    monkeypatch.setattr(ocr, "PACKAGES", ("no_such_package",))
    said: list[str] = []
    assert build.build(tmp_path / "data", said=said.append) == []
    assert len(said) == 2  # an incremental build sees that the engine is another
    assert rows(tmp_path / "data", sql) == rows(data, sql)
    assert rows(tmp_path / "data", "select count(*) from facts") == [(0,)]
    found = rows(tmp_path / "data", "select distinct check_name, level from findings where level <> 'info'")
    assert found == [("ocr_absent", "warning")]


@pytest.mark.exhaustive
def test_the_same_again(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data, tmp_path / "data")
    build.build(tmp_path / "data", full=True)
    for name in ("reports", "facts", "findings", "documents", "claims"):
        assert rows(tmp_path / "data", f"select * from {name}") == rows(data, f"select * from {name}")


def test_a_person_settles_what_no_sum_confirms() -> None:
    table = as_image(drawn(tables("laiwu_2021")[0]))
    item, unknown = "disclosure.rules.issued", "requests.new_requests.total"
    settled: dict[str, dict[str, str]] = {}
    with Reader(workers=1) as reader, Pictures(reader, settled) as pictured:
        found = []
        for cells_ in ({}, {item: "7"}, {unknown: "7"}):
            settled["sha1:X"] = cells_
            found.append(pictured.read(report.read([table]), [table], ["sha1:X"], []))
    assert [[(f.item, f.value, f.ocr) for f in one.facts] for one in found] == [[], [(item, 7, True)], []]
    assert [item in {i for f in one.findings for i in f.items} for one in found] == [True, False, True]
    assert [f.items for one in found for f in one.findings if f.check == "decision_unused"] == [(unknown,)]


def test_what_takes_too_long_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "SECONDS", 0.05)
    table = as_image(drawn(tables("laiwu_2021")[0]))
    with Reader(workers=1) as reader, Pictures(reader, {}) as pictured:
        found = pictured.read(report.read([table]), [table], ["sha1:X"], [], "2020年政府信息公开工作年度报告")
    assert "longer than 0.05 seconds" in next(f.message for f in found.findings if f.check == "unreadable")


def test_the_command_reads_images(nianbao: Command, tmp_path: Path) -> None:
    table, torn, photo = (tmp_path / f"{name}.png" for name in ("table", "torn", "photo"))
    table.write_bytes(as_image(drawn(tables("laiwu_2021")[2])).content)
    torn.write_bytes(table.read_bytes()[:2000])
    photo.write_bytes(as_image(module("PIL.Image").new("RGB", (300, 200), "green")).content)
    done = nianbao("read", "--json", table, torn, photo)
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, first["facts"]) == (1, [])
    assert {f["check"] for f in first["findings"]} == {"ocr_unconfirmed"}
    assert "torn.png could not be read" in second["error"]
    assert "no table of the prescribed form" in third["error"]
