"""What the templates may call: words in both languages, times, sizes, places."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import functools
import re
import tomllib
from importlib.resources import files
from urllib.parse import quote

from datasette.app import Datasette
from datasette.utils.asgi import Request
from jinja2 import Environment

from archive import clock
from archive.site import language
from archive.site.pages.common import rows
from archive.site.shelf import PARAMETERS
from parsers import checks

WORDS = {
    "error": ("错误", "error"),
    "warning": ("警告", "warning"),
    "info": ("提示", "info"),
    "ok": ("正常", "ok"),
    "empty": ("未找到", "empty"),
    "blocked": ("被拒", "blocked"),
    "unreachable": ("无法连接", "unreachable"),
    "partial": ("不完整", "partial"),
    "new": ("新收到", "new"),
    "revised": ("有改动", "revised"),
    "withdrawn": ("已撤下", "withdrawn"),
    "overdue": ("逾期", "overdue"),
    "back": ("重新出现", "back"),
    "moved": ("地址变更", "moved"),
    "have": ("有", "held"),
    "missing": ("未见", "missing"),
    "unknown": ("不明", "unknown"),
    "unvisited": ("未采集", "not visited"),
    "no address": ("地址未知", "no address known"),
    "figures": ("数字", "figures"),
    "prose": ("文字", "prose"),
    "title": ("标题", "title"),
    "attachment": ("附件", "attachment"),
    "on_time": ("按期", "on time"),
    "late": ("逾期", "late"),
    "unproven": ("无法证明", "not proved either way"),
    "government": ("政府", "government"),
    "department": ("部门", "department"),
    "town": ("镇街", "town or subdistrict"),
    "number": ("数", "number"),
    "blank": ("空白", "blank"),
    "not_applicable": ("不适用", "not applicable"),
    "text": ("文字", "text"),
}

# Of a district and a year (archive.coverage): its sign in Chinese and in English, and what that stands for.
STATES = {
    "have": ("有", "●", "有报告", "held"),
    "withdrawn": ("撤", "⊘", "已撤下", "withdrawn"),
    "overdue": ("逾", "!", "逾期", "overdue"),
    "missing": ("缺", "○", "期限后通读栏目未见", "not in the column after the deadline"),
    "unreachable": ("阻", "×", "无法访问", "portal could not be reached"),
    "unknown": ("?", "?", "不明", "unknown"),
}


def add_to(env: Environment, datasette: Datasette) -> None:
    """Error pages have no other way to learn of the sample."""

    async def is_sample() -> bool:
        return bool(await rows(datasette, "select 1 from runs where sample limit 1"))

    env.globals.update(is_sample=is_sample, words=WORDS, states=STATES, english=english())
    env.globals.update(t=language.t, is_english=language.is_english, other_language=other_language)
    env.filters.update(
        beijing=clock.beijing,
        day=lambda utc: clock.beijing(utc)[:10],
        size=size,
        said=said,
        zh=language.zh,
        after_colon=lambda text: re.sub(r"^[^：:]*[：:]\s*", "", text),
        is_link=lambda url: bool(re.match(r"https?://", url or "")),
        place=place,
        proof=lambda fact: f"/report/{quote(fact['report'], safe='')}/proof/{quote(fact['item'], safe='')}",
        path=lambda text: quote(text, safe=""),
        number=lambda value: f"{value:.15g}",
        describe=checks.describe,
        lacks_unit=lambda fact: fact["unit"].endswith("元") and not re.search("[元亿万]", fact["text"]),
    )


def other_language(request: Request | None) -> str:
    """Of the address of a page of ours only what the page asks for: it is kept, and shown to other readers too."""
    is_ours = request and not request.path.startswith("/nianbao")
    return language.other(request.query_string if request else "", PARAMETERS if is_ours else None)


@functools.cache
def english() -> dict[str, str]:
    return tomllib.loads((files("archive") / "site" / "english.toml").read_text("utf-8"))


def size(count: int) -> str:
    return (
        f"{count:,} B"
        if count < 10_000
        else f"{count / 1000:,.0f} kB"
        if count < 10_000_000
        else f"{count / 1e6:,.0f} MB"
    )


def place(text: str) -> str:
    """“page 4, table 1, row 7, col 3” in Chinese; what is not written so stays as it is."""
    words = {"page": "页", "table": "张表", "row": "行", "col": "列"}
    return re.sub(r"(page|table|row|col) (\d+)(?:, )?", lambda m: f"第 {m[2]} {words[m[1]]} ", text).strip()


def said(message: str) -> str:
    """A message for readers, Chinese and after the last " / " English, in the reader's language."""
    zh, slash, en = message.rpartition(" / ")
    return language.t(zh, en) if slash else language.zh(message)
