"""Years of a few portals, played through on a clock that is set: the events are those planted, and no other."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlite_utils
from conftest import FAST, Command
from test_build import dump

from archive import events
from archive.clock import parse
from archive.deadlines import deadline, latest_due, platform_date, timeliness
from archive.model import Portal as Registered
from archive.model import Run
from archive.readings import Reading
from archive.versions import Issue, State, Version
from parsers.model import Heading, Link, Report
from sample_portals import Reply, SamplePortals

# Seen from Beijing: twice before the governments' deadline of 31 March, then after it. Beside each time: to whom
# a visit shows something else than the one before it.
VISITS = (
    ("2026-01-10T02:00:00Z", "历城 济阳 临淄 山亭"),
    ("2026-03-20T02:00:00Z", "历城 济阳 临淄 山亭"),
    ("2026-04-01T02:00:00Z", "济阳 临淄 山亭"),
    ("2026-04-05T02:00:00Z", ""),
    ("2026-04-20T02:00:00Z", "历城 临淄 山亭"),
    ("2026-05-25T02:00:00Z", "临淄 山亭"),
    ("2026-07-01T02:00:00Z", "历城 济阳"),
)


class Portal:
    """A district's portal with one column; what hangs there can be changed between two visits."""

    def __init__(self, portals: SamplePortals, code: str, name: str) -> None:
        self.code, self.name = code, name
        self.host = f"www.p{code}.gov.cn"
        self.column = "nb"
        self.reports: dict[int, tuple[int, str]] = {}  # year → (行政许可, prose)
        self.departments: set[tuple[str, int]] = set()
        self.dark = False  # nothing answers
        self._portals = portals

    def url(self, path: str) -> str:
        return f"http://{self.host}/{path}"

    def publish(self, year: int, decisions: int = 120, prose: str = "") -> None:
        self.reports[year] = decisions, prose

    def show(self) -> None:
        """Makes the sample server answer as things stand."""
        self._forget()
        if self.dark:
            return
        self._portals.overrides[self.url("robots.txt")] = Reply(404)
        self._answer("", f'<a href="/{self.column}/">政府信息公开年报</a>')
        title = self.name + "{}{}年政府信息公开工作年度报告"
        pages = [(f"{self.column}/{year}.html", title.format("", year), *figures)
                 for year, figures in sorted(self.reports.items(), reverse=True)]  # fmt: skip
        pages += [(f"{self.column}/{year}-{ord(name[0])}.html", title.format(name, year), 5, "")
                  for name, year in sorted(self.departments)]  # fmt: skip
        links = "".join(f'<li><a href="/{path}">{title}</a></li>' for path, title, *_ in pages)
        self._answer(f"{self.column}/", f"<h2>政府信息公开年报</h2><ul>{links}</ul>")
        for path, title, decisions, prose in pages:
            self._answer(path, report(title, decisions, prose))

    def _forget(self) -> None:
        for url in [url for url in self._portals.overrides if url.startswith(self.url(""))]:
            del self._portals.overrides[url]

    def _answer(self, path: str, text: str) -> None:
        body = f'<html><head><meta charset="utf-8"><title>{self.name}人民政府</title></head><body>{text}</body></html>'
        self._portals.overrides[self.url(path)] = Reply(200, [("Content-Type", "text/html")], body.encode())


def report(title: str, decisions: int, prose: str) -> str:
    """A report's page with the part of the form's first table on 第二十条第（五）项."""
    plain = "<p>区政府办公室持续推进政务公开标准化规范化建设，完善工作机制，加强平台管理，回应社会关切。</p>" * 6
    return (
        f"<h1>{title}</h1><p>本报告按照《中华人民共和国政府信息公开条例》编制。{prose}</p>"
        f"<p>一、总体情况</p>{plain}<p>二、主动公开政府信息情况</p>"
        '<table border="1"><tr><td colspan="2">第二十条第（五）项</td></tr>'
        f"<tr><td>信息内容</td><td>本年处理决定数量</td></tr><tr><td>行政许可</td><td>{decisions}</td></tr></table>"
        "<p>三、收到和处理政府信息公开申请情况</p><p>四、存在的主要问题及改进情况</p>"
    )


@pytest.fixture
def visit(nianbao: Command, tmp_path: Path) -> Callable[[str, list[Portal]], None]:
    def run(now: str, portals: list[Portal]) -> None:
        path = tmp_path / "portals.toml"
        entries = (f'[{p.code}]\nname = "{p.name}"\nslug = "p{p.code}"\nhome = "{p.url("")}"\n' for p in portals)
        path.write_text("".join(entries), "utf-8")
        done = nianbao("crawl", "--only-registry", "--registry", path, *FAST, "-s", "RETRY_TIMES=0", NIANBAO_NOW=now)
        assert "fault" not in done.stderr, done.stderr

    return run


@pytest.mark.parametrize("visits", ["those that show something", pytest.param("all", marks=pytest.mark.exhaustive)])
def test_the_events_of_a_year_are_those_that_were_planted(
    nianbao: Command, portals: SamplePortals, visit: Callable[[str, list[Portal]], None], visits: str
) -> None:
    edits, withdraws, dark, moves = (
        Portal(portals, code, name)
        for code, name in (
            ("370112", "济南市历城区"),
            ("370115", "济南市济阳区"),
            ("370305", "淄博市临淄区"),
            ("370406", "枣庄市山亭区"),
        )
    )
    every = [edits, withdraws, dark, moves]
    for portal in every:
        portal.publish(2023)
        portal.publish(2024)
    withdraws.departments = {("教育局", 2024), ("统计局", 2024)}
    steps = years(edits, withdraws, dark, moves)
    for now, shown in VISITS:
        next(steps)
        for portal in every:
            portal.show()
        if chosen := [portal for portal in every if visits == "all" or portal.name[3:5] in shown]:
            visit(now, chosen)
    db = sqlite_utils.Database(nianbao.data / "nianbao.db")
    found = [(r["date"][5:10], r["kind"], r["issuer"].removesuffix("人民政府")[3:], r["year"], *json.loads(r["what"]))
             for r in db.query("select * from events")]  # fmt: skip
    first = [
        ("01-10", "new", district, year)
        for district in ("历城区", "济阳区", "临淄区", "山亭区")
        for year in (2023, 2024)
    ]
    planted = [
        *first,
        ("01-10", "new", "济阳区教育局", 2024),
        ("01-10", "new", "济阳区统计局", 2024),
        ("03-20", "new", "历城区", 2025),
        ("03-20", "new", "济阳区", 2025),
        ("03-20", "new", "济阳区教育局", 2025),
        ("03-20", "overdue", "济阳区统计局", 2025),
        ("04-01", "overdue", "山亭区", 2025),
        ("04-01", "withdrawn", "济阳区", 2023),
        ("04-20", "new", "山亭区", 2025),
        ("04-20", "revised", "历城区", 2025, "figures"),
        ("05-25", "new", "临淄区", 2025),
        *(("05-25", "moved", "山亭区", year) for year in (2023, 2024, 2025)),
        ("07-01", "back", "济阳区", 2023),
        ("07-01", "revised", "历城区", 2024, "prose"),
    ]
    assert sorted(found) == sorted(planted)
    (change,) = db.table("changes").rows
    assert (change["item"], change["before"], change["after"]) == ("disclosure.licensing.decisions", "66374", "66375")
    assert (change["last_seen"][:10], change["first_seen"][:10]) == (VISITS[1][0][:10], VISITS[4][0][:10])
    in_time = {(r["issuer"].removesuffix("人民政府")[3:]): r["timeliness"]
               for r in db.query("select issuer, timeliness from reports where year = 2025 and current")}  # fmt: skip
    # Of 临淄 nobody can say: it was out of reach from before the deadline until it had published.
    assert in_time == {
        "历城区": "on_time",
        "济阳区": "on_time",
        "济阳区教育局": "unproven",
        "临淄区": "unproven",
        "山亭区": "late",
    }
    assert sum(row["withdrawn"] for row in db.query("select withdrawn from reports")) == 0
    before = dump(nianbao.data)
    assert nianbao("build", "--full").returncode == 0
    assert dump(nianbao.data) == before


def years(edits: Portal, withdraws: Portal, dark: Portal, moves: Portal) -> Iterator[None]:
    """What happens before each visit."""
    yield
    withdraws.departments |= {("教育局", 2025)}
    withdraws.publish(2025)
    edits.publish(2025, 66374)
    del withdraws.reports[2023]
    yield
    edits.publish(2025, 66375)  # seen when the report is asked for again, 30 days after it was had
    dark.publish(2025)
    dark.dark = True
    yield
    yield
    moves.publish(2025)
    yield
    dark.dark = False
    moves.column = "gongkai"
    yield
    withdraws.publish(2023)
    edits.publish(2024, prose="本年度有更正。")
    yield


# --- readings made by hand: what nobody may be called -----------------------------------------------------------------

DISTRICT = Registered("370112", "济南市历城区", "licheng", "http://www.licheng.gov.cn/")
COLUMN, OTHER = "http://www.licheng.gov.cn/nb/", "http://www.licheng.gov.cn/bm/"


def issue(year: int, first_seen: str = "2026-01-10T00:00:00Z", issuer: str = "济南市历城区人民政府") -> Issue:
    address = f"{COLUMN}{year}.html"
    state = State(Link(address, "", "report"), address, (), first_seen, first_seen)
    scope = "government" if issuer.endswith("政府") else "department"
    heading = Heading(None, issuer, year, scope, None)
    return Issue(
        issuer, scope, year, (Version(state, heading, Report(heading, (), (), (), ""), ""),), frozenset([address])
    )


def reading(day: str, *years: int, complete: bool = True, more: dict[str, str] | None = None) -> Reading:
    lists = {COLUMN: {f"{COLUMN}{year}.html": f"{year}年年报" for year in years} | (more or {})}
    run = Run(day, {}, f"{day}T00:00:00Z", f"{day}T00:00:00Z")
    return Reading(run, lists, frozenset(lists) if complete else frozenset())


def kinds(found: Iterator[dict[str, object]]) -> list[object]:
    return [event["kind"] for event in found]


def test_an_incomplete_reading_shows_nothing_missing() -> None:
    cut = [reading(f"2026-{month:02}-10", 2024, complete=False) for month in range(4, 9)]
    known = [issue(2023), issue(2024)]
    assert kinds(events.comings_and_goings("370112", known[0], [reading("2026-03-10", 2023, 2024), *cut])) == []
    assert kinds(events.overdue(DISTRICT, known, cut)) == []
    assert kinds(events.overdue(DISTRICT, known, [*cut, reading("2026-09-10", 2024)])) == ["overdue"]


@pytest.mark.parametrize(("last", "told"), [("2026-03-21", []), ("2026-03-22", ["withdrawn"])])
def test_two_readings_less_than_a_week_apart_are_not_enough(last: str, told: list[str]) -> None:
    readings = [reading("2026-03-10", 2023, 2024), reading("2026-03-15", 2024), reading(last, 2024)]
    assert kinds(events.comings_and_goings("370112", issue(2023), readings)) == told


def test_a_report_that_was_seen_in_between_is_not_withdrawn() -> None:
    days = ("2026-03-15", 2024), ("2026-03-18", 2023), ("2026-03-20", 2024), ("2026-03-25", 2024)
    readings = [reading("2026-03-10", 2023, 2024), *(reading(*day) for day in days)]
    assert kinds(events.comings_and_goings("370112", issue(2023), readings)) == []


def test_a_column_that_is_gone_withdraws_nothing() -> None:
    gone = [Reading(r.run, {OTHER: {}}, frozenset([OTHER])) for r in (reading("2026-03-15"), reading("2026-04-15"))]
    assert kinds(events.comings_and_goings("370112", issue(2023), [reading("2026-03-10", 2023), *gone])) == []


@pytest.mark.parametrize("text", ["2025年政府信息公开工作年度报告", "政府信息公开年报"])
def test_a_listed_page_that_could_not_be_read_may_be_the_report(text: str) -> None:
    blocked = reading("2026-04-10", 2024, more={f"{COLUMN}x.html": text})
    assert kinds(events.overdue(DISTRICT, [issue(2024)], [blocked])) == []
    other = reading("2026-04-10", 2024, more={f"{COLUMN}x.html": "2019年政府信息公开工作年度报告"})
    assert kinds(events.overdue(DISTRICT, [issue(2024)], [other])) == ["overdue"]


def test_towns_and_other_governments_are_never_overdue() -> None:
    town = issue(2024, issuer="济南市历城区港沟街道办事处")
    other = issue(2024, issuer="济南市人民政府")
    found = events.overdue(DISTRICT, [other], [reading("2026-04-10", 2024)])
    assert kinds(found) == []
    assert deadline("town", 2024) is None and town.scope != "government"


def test_overdue_is_told_once_and_years_before_we_watched_are_not() -> None:
    readings = [reading("2026-04-10", 2022), reading("2026-05-10", 2022), reading("2027-05-10", 2022)]
    found = list(events.overdue(DISTRICT, [issue(2022)], readings))
    assert [(event["year"], event["date"][:10]) for event in found] == [(2025, "2026-04-10"), (2026, "2027-05-10")]


# --- the calendar of the law ------------------------------------------------------------------------------------------


def test_deadlines() -> None:
    """条例 第四十九条, and 第三十一条 of the one before it."""
    assert deadline("government", 2025) == date(2026, 3, 31)
    assert deadline("department", 2025) == date(2026, 1, 31)
    assert deadline("department", 2018) == date(2019, 3, 31)
    assert deadline("department", 2019) == date(2020, 1, 31)


@pytest.mark.parametrize(
    ("moment", "year"),
    [("2026-03-31T15:59:59Z", 2024), ("2026-03-31T16:00:00Z", 2025)],  # midnight in Beijing
)
def test_a_day_ends_in_beijing(moment: str, year: int) -> None:
    assert latest_due("government", parse(moment)) == year


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("http://www.licheng.gov.cn/art/2024/2/13/art_1_2.html", "2024-02-13"),
        ("http://www.licheng.gov.cn/nb/202402/t20240213_5.html", "2024-02-13"),
        ("http://www.licheng.gov.cn/nb/20240213/5.html", "2024-02-13"),
        ("http://www.licheng.gov.cn/nb/2024/13/32/5.html", None),
        ("http://www.licheng.gov.cn/nb/202402135.html", None),
    ],
)
def test_dates_of_platforms(url: str, day: str | None) -> None:
    assert platform_date(url) == day


BEFORE, AFTER = "2026-03-20T00:00:00Z", "2026-04-05T00:00:00Z"


@pytest.mark.parametrize(
    ("stated", "platform", "first_seen", "watched", "said"),
    [
        (None, None, "2026-03-31T15:00:00Z", [], "on_time"),
        (None, None, "2026-04-20T00:00:00Z", [BEFORE, AFTER], "late"),
        ("2026-03-25", None, "2026-04-20T00:00:00Z", [BEFORE, AFTER], "late"),  # the page says so, and it was not there
        ("2026-03-25", None, "2026-04-20T00:00:00Z", [BEFORE], "on_time"),
        (None, "2026-04-02", "2026-04-20T00:00:00Z", [BEFORE], "late"),
        (None, "2026-04-02", "2026-04-20T00:00:00Z", [], "unproven"),
        (None, None, "2026-04-20T00:00:00Z", [AFTER], "unproven"),
        (None, None, "2026-04-20T00:00:00Z", [BEFORE], "unproven"),
    ],
)
def test_late_is_only_what_can_be_proved(
    stated: str | None, platform: str | None, first_seen: str, watched: list[str], said: str
) -> None:
    due = date(2026, 3, 31)
    assert timeliness(due, stated, platform, parse(first_seen), map(parse, watched)) == said
