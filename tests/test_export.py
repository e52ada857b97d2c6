"""What leaves the archive is whole: WACZ for replay, CSV for people and programs, a data package with its checksums."""

import contextlib
import csv
import gzip
import hashlib
import io
import itertools
import json
import resource
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import FAST, Command
from warcio.archiveiterator import ArchiveIterator

from archive import csvs, tables, wacz, warc
from archive.about import About
from archive.surt import surt
from sample_portals import REGISTRY

csv.field_size_limit(1 << 24)


@pytest.fixture
def data(demo: Path, nianbao: Command) -> Path:
    """A copy of the demo's data folder, which `nianbao` works on."""
    return shutil.copytree(demo, nianbao.data)


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def one_line(text: str) -> str:
    (line,) = text.splitlines()
    assert line.startswith("nianbao: ")
    return line


# --- WACZ -----------------------------------------------------------------------------------------------------------


def cdxj(file: zipfile.ZipFile) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The lines of the index, block by block as a reader finds them: by index.idx."""
    meta, *blocks = file.read("indexes/index.idx").decode().splitlines()
    assert meta == '!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}'
    content = file.read("indexes/index.cdx.gz")
    for block in blocks:
        begins, _, where = block.partition(" {")
        place = json.loads("{" + where)
        lines = gzip.decompress(content[place["offset"] : place["offset"] + place["length"]]).decode().splitlines()
        assert lines[0].startswith(begins + " {")
        for line in lines:
            key, time, fields = line.split(" ", 2)
            yield key, time, json.loads(fields)


def test_a_wacz_holds_the_archive_byte_for_byte_and_finds_every_answer(
    nianbao: Command, data: Path, tmp_path: Path
) -> None:
    done = nianbao("export", "wacz", tmp_path / "nb.wacz")
    assert done.returncode == 0, done.stderr
    assert "5 WARC files, 5 reports" in done.stdout
    answers = set()
    with zipfile.ZipFile(tmp_path / "nb.wacz") as file:
        assert file.testzip() is None
        assert {info.compress_type for info in file.infolist()} == {zipfile.ZIP_STORED}
        for path in data.glob("warc/*/*.warc.gz"):
            assert file.read(f"archive/{path.name}") == path.read_bytes()
            for record in ArchiveIterator(path.open("rb")):
                if record.rec_type in ("response", "revisit"):
                    header = record.rec_headers.get_header
                    answers.add((header("WARC-Target-URI"), header("WARC-Date"), header("WARC-Payload-Digest")))
        lines = list(cdxj(file))
        for _, time, fields in lines:
            member = io.BytesIO(file.read(f"archive/{fields['filename']}"))
            member.seek(int(fields["offset"]))
            record = next(iter(ArchiveIterator(io.BytesIO(member.read(int(fields["length"]))))))
            header = record.rec_headers.get_header
            written = f"{datetime.fromisoformat(header('WARC-Date')):%Y%m%d%H%M%S}"
            assert (header("WARC-Target-URI"), written) == (fields["url"], time)
            assert record.http_headers.get_statuscode() == fields["status"]
            answers.remove((fields["url"], header("WARC-Date"), fields["digest"]))
        assert not answers
        assert [f"{key} {time}".encode() for key, time, _ in lines] == sorted(
            f"{key} {time}".encode() for key, time, _ in lines
        )


def test_a_wacz_says_what_it_holds(nianbao: Command, data: Path, tmp_path: Path) -> None:
    assert nianbao("export", "wacz", tmp_path / "nb.wacz").returncode == 0
    with zipfile.ZipFile(tmp_path / "nb.wacz") as file:
        package = json.loads(file.read("datapackage.json"))
        assert (package["profile"], package["wacz_version"]) == ("data-package", "1.1.1")
        assert "样例" in package["title"]
        listed = {entry["path"]: (entry["hash"], entry["bytes"]) for entry in package["resources"]}
        assert listed == {
            name: (f"sha256:{hashlib.sha256(file.read(name)).hexdigest()}", len(file.read(name)))
            for name in file.namelist()
            if not name.startswith("datapackage")
        }
        digest = json.loads(file.read("datapackage-digest.json"))
        sha256 = hashlib.sha256(file.read("datapackage.json")).hexdigest()
        assert digest == {"path": "datapackage.json", "hash": f"sha256:{sha256}"}
        head, *pages = map(json.loads, file.read("pages/pages.jsonl").decode().splitlines())
        assert (head["format"], head["id"]) == ("json-pages-1.0", "pages")
        found = {(fields["url"], time) for _, time, fields in cdxj(file)}
        assert {(page["url"], f"{datetime.fromisoformat(page['ts']):%Y%m%d%H%M%S}") for page in pages} <= found
        assert sorted(page["title"] for page in pages) == sorted(
            f"{name}人民政府{year}年政府信息公开工作年度报告"
            for name, year in (
                ("济南市历城区", 2020),
                ("济南市济阳区", 2019),
                ("济南市莱芜区", 2021),
                ("淄博市临淄区", 2020),
                ("枣庄市山亭区", 2020),
            )
        )


def test_readers_find_the_start_of_every_entry(nianbao: Command, data: Path, tmp_path: Path) -> None:
    """wabac works it out from the central directory alone: no entry may have fields of its own before its content."""
    assert nianbao("export", "wacz", tmp_path / "nb.wacz").returncode == 0
    content = (tmp_path / "nb.wacz").read_bytes()
    with zipfile.ZipFile(tmp_path / "nb.wacz") as file:
        for info in file.infolist():
            start = info.header_offset + 30 + len(info.filename.encode())
            assert not info.extra
            assert content[start : start + info.file_size] == file.read(info)


def test_posted_requests_and_second_visits_in_the_index(nianbao: Command, tmp_path: Path) -> None:
    """What was posted is part of the key, as pywb makes it. A server's Not Modified has nothing to show."""
    for now in ("2026-02-01T00:00:00Z", "2026-02-08T00:00:00Z"):
        assert nianbao("crawl", "trssearch-sample", "--registry", REGISTRY, *FAST, NIANBAO_NOW=now).returncode == 0
    assert nianbao("export", "wacz", tmp_path / "nb.wacz").returncode == 0
    with zipfile.ZipFile(tmp_path / "nb.wacz") as file:
        lines = list(cdxj(file))
    records = [r for path in warc.files(nianbao.data) for r in warc.index(path)]
    assert any(r.type == "revisit" and r.status == 304 for r in records)
    assert len(lines) == len([r for r in records if r.type == "response"])
    posted = {key: fields for key, _, fields in lines if "method" in fields}
    form = "channelid=200210&sortfield=-docorderpri,-docreltime&classsql=chnlid=1813&classcol=publishyear&classnum=100"
    fields = next(f for f in posted.values() if f["requestBody"].endswith("page=3"))
    assert fields["url"] == "http://trssearch.sample.test/fjdzapp/search"
    assert (fields["method"], fields["requestBody"]) == (
        "POST",
        f"{form}&classsort=0&cache=true&prepage=4&page=3",
    )
    assert all(key.startswith("test,sample,trssearch)/fjdzapp/search?__wb_method=post&cache=true&") for key in posted)


@pytest.mark.parametrize(
    ("url", "key"),
    [  # as surt 0.3.1 of the Internet Archive, by which pywb looks an address up
        ("http://www.licheng.gov.cn/", "cn,gov,licheng)/"),
        ("https://WWW2.Example.COM:443/A/B/", "com,example)/a/b"),
        ("http://example.com:8080/a//b/./c/../d?B=2&a=1", "com,example:8080)/a/b/d?a=1&b=2"),
        ("http://example.com/年报.html", "com,example)/%e5%b9%b4%e6%8a%a5.html"),
        ("http://example.com/%25E5%B9%B4?q=%20x&", "com,example)/%e5%b9%b4?&q=%20x"),
        ("http://example.com/a.jsp?jsessionid=0123456789abcdef0123456789ABCDEF&x=1", "com,example)/a.jsp?x=1"),
        ("http://example.com/(S(abcdefghijklmnopqrstuvwx))/a.aspx?x", "com,example)/a.aspx?x"),
        ("http://10.0.0.1/x", "1,0,0,10)/x"),
    ],
)
def test_the_key_of_an_address(url: str, key: str) -> None:
    assert surt(url) == key


def test_a_large_index_is_sorted_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wacz, "_IN_MEMORY", 7)
    lines = [f"{n * 37 % 100:03} x\n" for n in range(100)]
    assert b"".join(wacz._sorted(iter(lines), tmp_path)).decode() == "".join(sorted(lines))


def test_what_a_run_still_writes_is_not_exported(nianbao: Command, data: Path, tmp_path: Path) -> None:
    (path,) = (data / "warc" / "370116").glob("*.warc.gz")
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:100])
    assert nianbao("export", "wacz", tmp_path / "nb.wacz", "--portal", "laiwu").returncode == 0
    with zipfile.ZipFile(tmp_path / "nb.wacz") as file:
        assert file.read(f"archive/{path.name}") == whole
        assert {key.partition(")")[0] for key, _, _ in cdxj(file)} == {"cn,gov,laiwu"}
        assert len([name for name in file.namelist() if name.startswith("archive/")]) == 1


def test_a_damaged_record_is_left_out_and_said(nianbao: Command, data: Path, tmp_path: Path) -> None:
    (path,) = (data / "warc" / "370116").glob("*.warc.gz")
    records = warc.index(path)
    broken = next(r for r in records if r.type == "response" and r.url == "http://www.laiwu.gov.cn/gongkai/")
    content = bytearray(path.read_bytes())
    content[broken.offset + 200] ^= 1
    path.write_bytes(content)
    done = nianbao("export", "wacz", tmp_path / "nb.wacz")
    assert done.returncode == 1
    assert f"record at offset {broken.offset}" in one_line(done.stderr)
    with zipfile.ZipFile(tmp_path / "nb.wacz") as file:
        copied = list(ArchiveIterator(io.BytesIO(file.read(f"archive/{path.name}"))))
        assert len(copied) == len(records) - 1
        lines = [fields for _, _, fields in cdxj(file) if fields["filename"] == path.name]
        assert broken.url not in {fields["url"] for fields in lines}
        for fields in lines:
            member = file.read(f"archive/{path.name}")[int(fields["offset"]) :][: int(fields["length"])]
            (record,) = ArchiveIterator(io.BytesIO(member))
            assert record.rec_headers.get_header("WARC-Target-URI") == fields["url"]


# --- CSV ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+86", "'+86"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("\t=1", "'\t=1"),
        ("\r\n", "'\r\n"),
        ("\n1", "'\n1"),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("－5", "'－5"),
        ("＠x", "'＠x"),
        (" =1", "' =1"),
        ("\u3000=1", "'\u3000=1"),
        ("\ufeff\u200b=1", "'\ufeff\u200b=1"),
        ("-", "'-"),
        ("-5", "-5"),
        ("-1,234.50%", "-1,234.50%"),
        ("-٣", "'-٣"),
        ("12", "12"),
        ("—", "—"),
        ("减215", "减215"),
        ("", ""),
        ("a=b", "a=b"),
    ],
)
def test_no_cell_is_a_formula(cell: str, safe: str) -> None:
    assert csvs.safe(cell) == safe


def test_two_sets_of_csv_one_for_people_one_for_programs(nianbao: Command, data: Path, tmp_path: Path) -> None:
    formula = "=cmd|'/C calc'!A0"
    with contextlib.closing(sqlite3.connect(data / "nianbao.db")) as db:
        db.execute("update reports set title = ? where portal = '370112'", [formula])
        db.execute("update local_facts set text = '-5'")
        db.commit()
        raw = {name: db.execute(f"select count(*) from {name}").fetchone()[0] for name in csvs.NAMES}
        reports = db.execute("select id, title from reports").fetchall()
        facts = {
            (report, item): (text, value)
            for report, item, text, value in db.execute("select report, item, text, value from facts")
        }
    done = nianbao("export", "csv", tmp_path / "out" / "csv")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "out" / "csv"
    assert {path.name for path in folder.iterdir()} == {f"{name}.csv" for name in csvs.NAMES} | {"raw", "README.txt"}
    for name in csvs.NAMES:
        safe_bytes, raw_bytes = (folder / f"{name}.csv").read_bytes(), (folder / "raw" / f"{name}.csv").read_bytes()
        assert safe_bytes.startswith(b"\xef\xbb\xbf")
        assert not raw_bytes.startswith(b"\xef\xbb\xbf")
        assert len(read_csv(safe_bytes)) == len(read_csv(raw_bytes)) == raw[name]
    assert dict(reports) == {r["id"]: r["title"] for r in read_csv((folder / "raw" / "reports.csv").read_bytes())}
    assert f"'{formula}" in [r["title"] for r in read_csv((folder / "reports.csv").read_bytes())]
    for row in read_csv((folder / "raw" / "facts.csv").read_bytes()):
        text, value = facts.pop((row["report"], row["item"]))
        assert (row["text"], row["value"] or None) == (text, None if value is None else f"{value:.15g}")
    assert not facts
    readme = (folder / "README.txt").read_text("utf-8-sig")
    assert all(word in readme for word in ("CC BY 4.0", "样例", "raw/*.csv", "怎样引用", "How to cite", "reports "))


def test_facts_stand_in_printed_order(nianbao: Command, data: Path, tmp_path: Path) -> None:
    assert nianbao("export", "csv", tmp_path / "csv", "--portal", "370112").returncode == 0
    rows = read_csv((tmp_path / "csv" / "raw" / "facts.csv").read_bytes())
    items = read_csv((tmp_path / "csv" / "raw" / "items.csv").read_bytes())
    position = {(i["form"], i["item"]): int(i["position"]) for i in items}
    places = [position[row["form"], row["item"]] for row in rows]
    assert len(places) == 198
    assert places == sorted(places)


def test_every_table_is_exported_or_told_otherwise() -> None:
    packed = {"sheets", "local_facts"}  # the view `facts` shows them cell by cell
    inner = {"archives"}  # what the build goes by
    assert set(csvs.NAMES) == (set(tables.TABLES) | set(tables.VIEWS)) - packed - inner


# --- data package ---------------------------------------------------------------------------------------------------

_CASTS: dict[str, Any] = {"string": str, "integer": int, "number": float}


def test_a_data_package_is_what_it_says(nianbao: Command, data: Path, tmp_path: Path) -> None:
    """Checked by itself, as a reader would: hashes, sizes, types, primary and foreign keys."""
    done = nianbao("export", "datapackage", tmp_path / "pkg")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "pkg"
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert package["licenses"][0]["name"] == "CC-BY-4.0"
    assert {source["path"] for source in package["sources"]} >= {"http://www.licheng.gov.cn/"}
    rows: dict[str, list[dict[str, str]]] = {}
    for entry in package["resources"]:
        content = (folder / entry["path"]).read_bytes()
        assert entry["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert entry["bytes"] == len(content)
        rows[entry["name"]] = found = read_csv(gzip.decompress(content))
        schema = entry["schema"]
        names = [field["name"] for field in schema["fields"]]
        assert gzip.decompress(content).decode().partition("\r\n")[0] == ",".join(names)
        for row, field in itertools.product(found, schema["fields"]):
            if row[field["name"]]:
                _CASTS[field["type"]](row[field["name"]])
        keys = [tuple(row[name] for name in schema["primaryKey"]) for row in found]
        assert len(set(keys)) == len(keys)
        assert all(map(any, keys))
    for entry in package["resources"]:
        for foreign in entry["schema"]["foreignKeys"]:
            to = foreign["reference"]
            known = {tuple(row[name] for name in to["fields"]) for row in rows[to["resource"]]}
            refers = {tuple(row[name] for name in foreign["fields"]) for row in rows[entry["name"]]}
            assert {key for key in refers if any(key)} <= known, entry["name"]  # a year may have no report
    with contextlib.closing(sqlite3.connect(data / "nianbao.db")) as db:
        assert {name: len(found) for name, found in rows.items()} == {
            name: db.execute(f"select count(*) from {name}").fetchone()[0] for name in csvs.NAMES
        }
    checked = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, b"")
    assert len((folder / "SHA256SUMS").read_text().splitlines()) == len(csvs.NAMES) + 2


def test_one_portal_alone(nianbao: Command, data: Path, tmp_path: Path) -> None:
    for name in ("370116", "laiwu", "www.laiwu.gov.cn"):
        assert nianbao("export", "datapackage", tmp_path / name, "--portal", name).returncode == 0
    package = json.loads((tmp_path / "laiwu" / "datapackage.json").read_text("utf-8"))
    assert package["title"].startswith("济南市莱芜区")
    for entry in package["resources"]:
        rows = read_csv(gzip.decompress((tmp_path / "laiwu" / entry["path"]).read_bytes()))
        assert {row["portal"] for row in rows if "portal" in row} <= {"370116"}
        assert {row["report"][:6] for row in rows if row.get("report")} <= {"370116"}
        assert rows or entry["name"] in ("failures", "rejected", "changes", "withheld")
    done = nianbao("export", "csv", tmp_path / "x", "--portal", "licheng2")
    assert (done.returncode, "no portal 'licheng2'" in one_line(done.stderr)) == (2, True)


# --- in place, whole or not at all ----------------------------------------------------------------------------------


def test_what_is_there_is_left_alone(nianbao: Command, data: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    for arguments, said in (
        (("csv", tmp_path / "full"), "is not empty"),
        (("datapackage", tmp_path / "full"), "is not empty"),
        (("csv", tmp_path / "full" / "mine.txt"), "is there already"),
        (("wacz", tmp_path / "full" / "mine.txt"), "is there already"),
        (("wacz", tmp_path / "empty"), "is a folder; name a file"),
        (("pdf", tmp_path / "x"), "'pdf' is not one of"),
    ):
        done = nianbao("export", *arguments)
        assert (done.returncode, said in one_line(done.stderr)) == (2, True), done.stderr
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"
    assert nianbao("export", "csv", tmp_path / "empty").returncode == 0
    assert (tmp_path / "empty" / "facts.csv").exists()


def test_nothing_to_export(nianbao: Command, tmp_path: Path) -> None:
    done = nianbao("export", "csv", tmp_path / "csv")
    assert (done.returncode, "`nianbao build` makes it" in one_line(done.stderr)) == (2, True)


@pytest.mark.parametrize("kind", ["wacz", "csv", "datapackage"])
def test_a_full_disk_leaves_nothing_behind(
    nianbao: Command, data: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The full disk: no file may grow past 50 kB, which writing finds out as it would find a disk without room."""
    there = set(tmp_path.rglob("*"))
    nianbao.alone = True
    honest = subprocess.run

    def bounded(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        limit = (50_000, resource.RLIM_INFINITY)
        return honest(*arguments, **options, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", bounded)
        done = nianbao("export", kind, tmp_path / "out", PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 1
    assert f"{tmp_path / 'out'} was not written" in one_line(done.stderr)
    assert set(tmp_path.rglob("*")) == there
    assert nianbao("export", kind, tmp_path / "out").returncode == 0


def test_what_a_killed_export_left_is_cleared_away(nianbao: Command, data: Path, tmp_path: Path) -> None:
    left = tmp_path / ".out.part" / "out"
    left.mkdir(parents=True)
    (left / "half.csv").write_text("half")
    assert nianbao("export", "csv", tmp_path / "out").returncode == 0
    assert not (tmp_path / "out" / "half.csv").exists()
    assert not left.parent.exists()


def test_an_export_does_not_hold_up_a_build(data: Path, tmp_path: Path) -> None:
    """It reads a copy: the database can be written while rows are taken out."""
    with csvs.snapshot(data / "nianbao.db", tmp_path) as db:
        rows = csvs.rows(db, "facts", "", lambda name, number: None)
        next(rows)
        next(rows)
        with contextlib.closing(sqlite3.connect(data / "nianbao.db", timeout=0)) as other:
            other.execute("delete from prose")
            other.commit()
        assert len(list(rows)) > 900


def test_the_title_says_whose(data: Path) -> None:
    from archive.about import about

    with contextlib.closing(sqlite3.connect(data / "nianbao.db")) as db:
        found = about(db, "370112")
    assert isinstance(found, About)
    assert (found.portals, found.reports) == (1, 1)
    assert found.title.startswith("济南市历城区政府信息公开工作年度报告")
