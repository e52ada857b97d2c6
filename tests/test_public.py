"""The public copy: no personal data, nothing that people have withheld; made aside, tried, shown in one step."""

import json
import shutil
import sqlite3
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from archive import decisions, personal, public, smoke, withheld
from tests.conftest import Command
from tests.test_site import Site, serving

DIGEST = "sha1:" + "A" * 32


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("联系电话：0531-88161234，传真88161235", ["联系电话：", "传真"]),
        ("（电话：13864121234）", ["（电话：", "）"]),
        ("手机 138 6412 1234。", ["手机", "。"]),
        ("请拨打+86-13864121234", ["请拨打"]),
        ("身份证370102198001011234", ["身份证"]),
        ("身份证号 37010219800101123X 已核", ["身份证号", "已核"]),
        ("邮箱zhangsan_88@163.com", ["邮箱"]),
        ("填报人：张三 审核人：欧阳建国", ["填报人：", "审核人："]),
        ("填报人：张 三　　联系电话：88161234", ["填报人：", "联系电话："]),
        ("单位负责人: 李四联系人:王五电话:88161234", ["单位负责人:", "联系人:", "电话:"]),
        ("责任编辑：古丽娜尔·阿不都热依木", ["责任编辑："]),
        (r"C:\Users\zhangsan\Tencent\Users\253259679\QQ\p.png", ["C:\\Users\\", "\\Tencent\\Users\\", "\\p.png"]),
        ("QQ：253259679", ["QQ："]),
    ],
)  # fmt: skip
def test_personal_data_are_masked(printed: str, kept: list[str]) -> None:
    masked = personal.masked(printed)
    assert personal.MARK in masked
    secrets = ("8816", "6412", "1980", "zhangsan", "张三", "张 三", "建国", "李四", "王五", "古丽", "253259679")
    assert not [s for s in secrets if s in masked]
    assert [k for k in kept if k not in masked] == []


@pytest.mark.parametrize(
    "printed",
    [
        "2020年共收到申请13800件，同比增长12.5%，罚没收入156764.6451万元。",
        "统一社会信用代码11370112004189385W，索引号11370112004189385W/2021-00001",
        "12345热线受理1,381,234,567件",
        "《条例》（国令第711号）第四十九条；济政办发〔2020〕15号",
        "邮箱：lcqzwgk@jn.shandong.cn".replace("jn.shandong.cn", "licheng.gov.cn"),
        "负责人由区政府办公室主任担任，联系人和举报人可以申请",
        "http://www.licheng.gov.cn/art/2021/1/31/art_36482_4768012.html",
        "总金额13812345678.52元",
    ],
)
def test_what_is_not_personal_stays(printed: str) -> None:
    assert personal.masked(printed) == printed


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://x.gov.cn/a;jsessionid=0AB12?id=7", "http://x.gov.cn/a;jsessionid=withheld?id=7"),
        ("http://zhang:pass@x.gov.cn/a", "http://x.gov.cn/a"),
        ("http://x.gov.cn/a?userid=zhang&id=7&access_token=s%20s", "http://x.gov.cn/a?userid=withheld&id=7&access_token=withheld"),
        ("http://x.gov.cn/Users/253259679/b.doc", "http://x.gov.cn/Users/withheld/b.doc"),
        ("http://x.gov.cn/a?id=7&page=2&columnid=12", "http://x.gov.cn/a?id=7&page=2&columnid=12"),
        ("http://x.gov.cn/art/2021/1/31/art_36482_13812345678.html", "http://x.gov.cn/art/2021/1/31/art_36482_13812345678.html"),
    ],
)  # fmt: skip
def test_addresses_tell_no_account(url: str, shown: str) -> None:
    assert personal.masked_address(url) == shown


@pytest.mark.parametrize(
    "text", ["联系人" * 40_000, "1" * 200_000, "a@" * 100_000, "?sid=" * 40_000, "\\Users" * 40_000]
)
def test_hostile_texts_are_masked_in_time(text: str) -> None:
    start = time.process_time()
    personal.masked(text)
    personal.masked_address(text)
    assert time.process_time() - start < 5


def test_every_column_of_text_is_masked_or_known_to_need_none() -> None:
    """A new column belongs into public.TEXTS or public.ADDRESSES, or here if no portal can write into it."""
    assert public.untold() == {
        *(f"items.{c}" for c in ("form", "item", "table_name", "table_label", "row_label", "col_label", "unit")),
        *(f"checks.{c}" for c in ("name", "zh", "en", "example")),
        *(f"indicators.{c}" for c in ("indicator", "zh", "en", "formula")),
        *(f"indicator_terms.{c}" for c in ("indicator", "form", "side", "item")),
        *(f"indicator_values.{c}" for c in ("report", "portal", "issuer", "scope", "indicator")),
        *(f"portals.{c}" for c in ("code", "name", "slug")),  # the registry's
        *(f"runs.{c}" for c in ("id", "portal", "started", "finished", "verdict")),
        *(f"captures.{c}" for c in ("filename", "type", "timestamp", "mime", "digest", "truncated", "record")),
        *(f"captures.{c}" for c in ("portal", "run")),
        *(f"failures.{c}" for c in ("run", "portal", "time", "kind", "until", "record")),
        *("columns.portal", "columns.platform", "rejected.portal"),
        *(f"reports.{c}" for c in ("id", "portal", "issuer", "scope", "digest", "published", "platform_date")),
        *(f"reports.{c}" for c in ("index_number", "first_seen", "last_seen", "due", "timeliness", "content_digest")),
        *(f"documents.{c}" for c in ("report", "digest", "media_type", "filename")),
        *(f"sheets.{c}" for c in ("report", "form", "table_name", "grid", "rows", "cols", "cells")),  # cells: by kind
        *(f"local_facts.{c}" for c in ("report", "unit", "kind", "place")),
        *("claims.report", "claims.item", "claims.kind", "findings.report", "findings.check_name", "findings.level"),
        *("prose.report", "changes.report", "changes.last_seen", "changes.first_seen"),
        *(f"events.{c}" for c in ("id", "date", "kind", "portal", "report", "issuer", "what")),
        *("coverage.portal", "coverage.state", "coverage.report", "archives.filename", "archives.portal"),
        *(f"withheld.{c}" for c in ("report", "what", "why", "date", "digest")),
    }


SECRETS = ("张大强", "13864121234", "zhangdaqiang", "370102198001011234", "253259679", "SESSION77")


def _plant(db: sqlite3.Connection) -> None:
    """What must not be published, in every place where a portal could have put it."""
    line = "填报人：张大强 电话：13864121234 身份证370102198001011234 zhangdaqiang@163.com"
    url = "http://www.licheng.gov.cn/Users/253259679/a.html;jsessionid=SESSION77"
    for table, columns in public.TEXTS.items():
        for column in {*columns} - {"item", "items"}:
            db.execute(f"update {table} set {column} = {column} || ? where rowid % 2", [line])
    for table, columns in public.ADDRESSES.items():
        for column in columns:
            if table != "runs":
                db.execute(f"update {table} set {column} = ? || rowid", [url + "?" + str(len(column))])
    db.execute("update runs set walked = ?", [json.dumps([url])])
    key = db.execute("select id from reports where portal = '370112'").fetchone()[0]
    db.execute(
        "insert into local_facts values (?, 'local.x.填报人', '张大强', null, '', 'text', '', 0, 0),"
        " (?, 'local.x.联系人：张大强', '1', 1, '', 'number', '', 0, 0)",
        [key, key],
    )
    cell = json.dumps({"text": "联系人：张大强", "value": None, "kind": "text"}, ensure_ascii=False)
    db.execute("update sheets set cells = json_set(cells, '$[3]', json(?)) where report = ?", [cell, key])


def _whole(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a folder, and every member of its packed ones."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        yield path.name, path.read_bytes()
        if path.suffix == ".zip":
            packed = zipfile.ZipFile(path)
            for member in packed.namelist():
                content = packed.read(member)
                if member.endswith(".gz"):
                    import gzip

                    content = gzip.decompress(content)
                yield f"{path.name}/{member}", content


@pytest.fixture
def data(demo: Path, tmp_path: Path) -> Path:
    data = tmp_path / "data"
    shutil.copytree(demo, data, ignore=shutil.ignore_patterns("public", "published", "warc"))
    return data


def _change(data: Path, plant: object) -> None:
    with closing(sqlite3.connect(data / "nianbao.db")) as db, db:
        plant(db)  # type: ignore[operator]


def test_planted_personal_data_are_nowhere_in_what_is_published(data: Path, nianbao: Command) -> None:
    _change(data, _plant)
    done = nianbao("publish", "--data", data)
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(data / "nianbao.db")) as db:
        assert db.execute("select count(*) from prose where text like '%13864121234%'").fetchone()[0]
        numbers = db.execute("select sum(value), count(*) from facts where form <> 'local'").fetchone()
    found = [(name, s) for name, content in _whole(data / "public") for s in SECRETS if s.encode() in content]
    assert found == []
    with closing(sqlite3.connect(data / "public" / "nianbao.db")) as db:
        assert db.execute("select sum(value), count(*) from facts where form <> 'local'").fetchone() == numbers
        assert db.execute("select count(*) from local_facts where text = ?", [personal.MARK]).fetchone()[0] >= 1
        words = db.execute("select count(*) from search where search match '\"大强\"'").fetchone()[0]
    assert words == 0


def _entry(data: Path, digest: str, *what: str) -> None:
    text = f'["{digest}"]\nby = "李明"\ndate = 2026-11-21\nwhy = "涉及个人信息 / personal data"\n'
    text += f"what = {json.dumps(what)}\n"
    (data / "withheld.toml").write_text(text, "utf-8")


def test_a_report_that_is_withheld_leaves_a_tombstone_and_nothing_else(data: Path, nianbao: Command) -> None:
    """While the site is being read: the pointer is moved under it."""
    with closing(sqlite3.connect(data / "nianbao.db")) as db:
        sql = "select r.id, r.digest, p.text from reports r join prose p on p.report = r.id where portal = '370112'"
        key, digest, text = db.execute(sql).fetchone()
    sentence = max(text.splitlines(), key=len)[:40]
    assert nianbao("publish", "--data", data).returncode == 0
    item = "requests.new_requests.total"
    with serving(data / "public", is_public=True) as site:
        assert sentence in site.page(f"/report/{key}").text
        assert site.get(f"/report/{key}/proof/{item}").status == 200
        _entry(data, digest, "report")
        done = nianbao("publish", "--data", data)
        assert done.returncode == 0, done.stderr
        _is_gone(site, key, item, sentence)
    assert [name for name, content in _whole(data / "public") if sentence.encode() in content] == []
    assert "李明".encode() not in b"".join(content for _, content in _whole(data / "public"))


def _is_gone(site: Site, key: str, item: str, sentence: str) -> None:
    for path in (f"/report/{key}", f"/report/{key}/proof/{item}"):
        answer = site.get(path)
        assert answer.status == 410
        english = site.get(f"{path}?_lang=en")
        assert english.status == 410
        assert all(said in answer.text for said in ("应请求隐去", "涉及个人信息", "2026-11-21"))
        assert all(said in english.text for said in ("Withheld", "personal data", "2026-11-21"))
        assert "李明" not in answer.text + english.text
    for path in ("/", "/portal/370112", f"/compare?item={item}&portals=370112", "/about"):
        assert sentence not in site.page(path).text
    assert "290" not in site.get(f"/compare.csv?item={item}&portals=370112").text
    assert json.loads(site.get(f"/nianbao/facts.json?report={key}").text)["rows"] == []
    assert "withheld" in site.get("/about").text


def test_parts_of_a_report_can_be_withheld(data: Path, nianbao: Command) -> None:
    with closing(sqlite3.connect(data / "nianbao.db")) as db:
        key, digest = db.execute("select id, digest from reports where portal = '370112'").fetchone()
    item = "requests.total_processed.total"
    _entry(data, digest, item, "prose", "address")
    assert nianbao("publish", "--data", data).returncode == 0
    with closing(sqlite3.connect(data / "public" / "nianbao.db")) as db:
        facts = {row[0] for row in db.execute("select item from facts where report = ?", [key])}
        assert len(facts) == 197
        assert item not in facts
        rates = {row[0] for row in db.execute("select indicator from indicator_values where report = ?", [key])}
        assert rates
        assert "disclosure_rate" not in rates
        for sql in ("from prose where report = ?", "from documents where url <> '' and report = ?"):
            assert db.execute(f"select count(*) {sql}", [key]).fetchone() == (0,)
        assert db.execute("select count(*) from captures where digest = ? and url <> ''", [digest]).fetchone() == (0,)
    with serving(data / "public", is_public=True) as site:
        page = site.page(f"/report/{key}")
        assert "隐去" in page.find(id=item).text
        assert page.select_one("#withheld")
        assert site.get(f"/report/{key}/proof/{item}").status == 410


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('["x"]\n', "named by the payload digest"),
        (f'["{DIGEST}"]\nby = "a"\ndate = 2026-01-01\nwhy = "b"\nwhat = ["all"]\n', "'all' is no item"),
        (f'["{DIGEST}"]\nby = "a"\ndate = 2026-01-01\nwhy = ""\nwhat = ["report"]\n', "why is missing"),
        (f'["{DIGEST}"]\nby = "a"\ndate = 2026-01-01\nwhy = "b"\nwhat = ["report"]\nx = 1\n', "unknown key 'x'"),
        ("=", "withheld.toml"),
    ],
)
def test_a_mistake_in_the_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "withheld.toml").write_text(text)
    with pytest.raises(decisions.DecisionError, match=said.replace("'", ".")):
        withheld.load(tmp_path)


def test_a_digest_that_is_not_there_is_said(data: Path, nianbao: Command) -> None:
    _entry(data, DIGEST, "report")
    done = nianbao("publish", "--data", data)
    assert (done.returncode, DIGEST in done.stderr) == (0, True)


def test_a_copy_that_is_not_fit_is_not_shown(
    data: Path, nianbao: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert nianbao("publish", "--data", data).returncode == 0
    before = (data / "public").resolve()
    _change(data, lambda db: db.execute("drop table events"))
    done = nianbao("publish", "--data", data)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert (data / "public").resolve() == before
    assert [p.name for p in (data / "published").iterdir() if p.is_dir()] == [before.name]


def test_smoke_names_the_page_that_fails(data: Path, nianbao: Command) -> None:
    assert nianbao("publish", "--data", data).returncode == 0
    folder = (data / "public").resolve()
    with closing(sqlite3.connect(folder / "nianbao.db")) as db, db:
        db.execute("drop table coverage")
    (folder / "downloads" / "SHA256SUMS").unlink()
    wrong = smoke.problems(folder)
    assert any(line.startswith("/ gives 500") for line in wrong)
    assert "/downloads/SHA256SUMS gives 404" in wrong


def test_the_copy_before_stays_and_older_ones_go(data: Path, nianbao: Command) -> None:
    seen = []
    for _ in range(3):
        assert nianbao("publish", "--data", data).returncode == 0
        seen.append((data / "public").resolve().name)
    assert seen == sorted(set(seen))
    assert sorted(p.name for p in (data / "published").iterdir() if p.is_dir()) == seen[-2:]
    assert (data / "public").is_symlink()
