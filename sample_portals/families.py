"""Seventeen small pretend portals, one for each way in which a portal keeps its lists.

They were built from descriptions of the platforms and prove only that we agree with those: see `families.toml`. None is
the site of a real government; their hosts end in .test, which no name server knows.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from urllib.parse import parse_qsl, urlsplit

from sample_portals.messages import Reply
from sample_portals.report_text import Cell, Paragraph, Table, read_report

Form = dict[str, str]
Page = str | Callable[[Form], str | None]
Pages = dict[str, Page]

YEARS = (2024, 2023, 2022, 2021)
SIZE = 4  # articles on a page of a list


@dataclass(frozen=True)
class Article:
    """A page that a list leads to. `scope` is what the report is of: government, department, town; "" is no report."""

    title: str
    scope: str
    year: int
    number: int
    path: str = ""

    @property
    def date(self) -> str:
        return f"{self.year + 1}-01-{10 + self.number % 18:02}"


@dataclass(frozen=True)
class Family:
    """One pretend portal. `article` is the pattern of its articles' addresses, `file` that of the files which reports
    carry; `pages` makes everything else."""

    code: str
    slug: str
    district: str
    pages: Callable[["Family"], Pages]
    article: str
    file: str = ""

    @property
    def name(self) -> str:
        return f"样例市{self.district}区"

    @property
    def host(self) -> str:
        return f"{self.slug}.sample.test"

    @property
    def home(self) -> str:
        return f"http://{self.host}/"

    def articles(self, scope: str = "") -> list[Article]:
        """What the annual-report lists hold, newest first: reports of one scope, or of all, and what is none."""
        n = self.name
        report = "政府信息公开工作年度报告"
        titles = [(f"{n}{year}年{report}", "government", year) for year in YEARS]
        titles += [(f"{n}教育局2023年{report}", "department", 2023), (f"{n}民政局2022年度{report}", "department", 2022)]
        titles += [(f"{n}东关街道2023年{report}", "town", 2023)]
        decoys = [
            (f"文字解读：{n}2023年{report}", "", 2023),
            (f"图解：{n}2022年{report}", "", 2022),
            (f"{n}2023年政务公开工作要点", "", 2023),
            (f"{n}政府信息公开指南（2022年版）", "", 2022),
            (f"{n}2023年法治政府建设年度报告", "", 2023),
            (f"{n}2022年国民经济和社会发展统计公报", "", 2022),
            ("样例供水有限公司2022年年度报告", "", 2022),
        ]
        if scope in ("", "government"):
            titles += decoys
        made = [Article(title, kind, year, number) for number, (title, kind, year) in enumerate(titles, 1)]
        made = [replace(a, path=self.article.format(**_parts(a))) for a in made]
        chosen = [a for a in made if not scope or a.scope in (scope, "")]
        return sorted(chosen, key=lambda a: (-a.year, a.number))

    @property
    def expected(self) -> set[str]:
        """The addresses of all reports planted."""
        return {f"http://{self.host}{a.path}" for a in self.articles() if a.scope}

    @property
    def files(self) -> dict[str, Article]:
        """The paths of the files that reports carry."""
        return {self.file.format(**_parts(a)): a for a in self.articles() if a.scope and self.file}


def _parts(article: Article) -> dict[str, object]:
    serial = article.year * 1000 + article.number
    return {
        "year": article.year,
        "number": article.number,
        "id": serial,
        "hex": f"{serial:024x}",
        "long": f"{serial:019}",
        "month": article.date.replace("-", "")[:6],
        "day": article.date.replace("-", ""),
        "slashed": article.date.replace("-0", "-").replace("-", "/"),
        "folder": f"{article.year}n_5959{article.year % 100}",
        "area": "119900050000000001" if article.scope == "government" else f"1199000500000001{article.number:02}",
    }


# --- pages ------------------------------------------------------------------------------------------------------------


def html(family: Family, title: str, main: str, head: str = "", crumbs: str = "") -> str:
    path = f'<div class="path">当前位置：<a href="/">首页</a> &gt; {crumbs}{title}</div>' if crumbs else ""
    return f"""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}_{family.name}人民政府</title>
<meta name="SiteName" content="{family.name}人民政府"><meta name="SiteDomain" content="{family.host}">
<meta name="SiteIDCode" content="{family.code}0001">{head}</head>
<body><header><h1>{family.name}人民政府</h1></header>{path}
<main>{main}</main>
<footer><p>主办：{family.name}人民政府办公室　网站标识码：{family.code}0001</p>
<p class="sample">样例页面 · sample page — not the site of any government</p></footer></body></html>"""


def listed(articles: list[Article]) -> str:
    return "".join(
        f'<li><a href="{a.path}" title="{a.title}" target="_blank">{a.title}</a><span>{a.date}</span></li>\n'
        for a in articles
    )


def column(family: Family, articles: list[Article], pager: str = "", name: str = "政府信息公开年报") -> str:
    labels = f'<meta name="ColumnName" content="{name}"><meta name="ColumnType" content="信息公开年报">'
    main = f'<h2>{name}</h2><ul class="list">{listed(articles)}</ul><div class="page">{pager}</div>'
    return html(family, name, main, labels, '<a href="/zwgk/">政府信息公开</a> &gt; ')


def paged(articles: list[Article], size: int = SIZE) -> list[list[Article]]:
    return [articles[start : start + size] for start in range(0, len(articles), size)]


def numbered(addresses: list[str]) -> str:
    """A pager of plain anchors."""
    return (
        "".join(f'<a href="{url}">{n}</a> ' for n, url in enumerate(addresses, 1))
        + f'<a href="{addresses[-1]}">尾页</a>'
    )


def static(family: Family, addresses: list[str], articles: list[Article]) -> Pages:
    pager = numbered(addresses)
    return {url: column(family, part, pager) for url, part in zip(addresses, paged(articles), strict=True)}


def anchors(pairs: dict[str, str]) -> str:
    return "".join(f'<p><a href="{url}">{text}</a></p>\n' for text, url in pairs.items())


def front(family: Family, hub: str, annual: str, entry: str = "") -> Pages:
    """Home, the platform 政府信息公开 with its four parts, and their neighbours. `entry`: where home's link leads."""
    articles = {"news": f"{family.name}召开2024年政务公开工作会议", "law": f"{family.name}2023年法治政府建设年度报告"}
    four = {
        "政府信息公开指南": "/zn.html",
        "政府信息公开制度": "/zd.html",
        "法定主动公开内容": "/nr.html",
        "政府信息公开年报": annual,
    }
    others = {"法治政府建设年度报告": "/fz/", "统计公报": "/tj/", "预算公开": "/ys.html"}
    menu = {"首页": "/", "要闻动态": "/news/", "领导之窗": "/leaders.html", "政府信息公开": entry or hub}
    pages: Pages = {
        "/": html(family, "首页", anchors(menu)),
        hub.partition("?")[0]: html(family, "政府信息公开", anchors(four | others)),
        "/news/": html(family, "要闻动态", anchors({articles["news"]: "/news/1.html"})),
        "/fz/": html(family, "法治政府建设年度报告", anchors({articles["law"]: "/fz/1.html"})),
        "/tj/": html(family, "统计公报", anchors({f"{family.name}2023年统计公报": "/tj/1.html"})),
    }
    for path in (
        "/zn.html",
        "/zd.html",
        "/nr.html",
        "/ys.html",
        "/leaders.html",
        "/news/1.html",
        "/fz/1.html",
        "/tj/1.html",
    ):
        pages[path] = html(family, "样例", "<p>样例页面，文中不含真实信息。</p>")
    return pages


def shell(target: str, by: str = "location.replace('{}')") -> str:
    return f"<html><head><script>{by.format(target)}</script></head><body></body></html>"


# --- reports ----------------------------------------------------------------------------------------------------------


def report(family: Family, article: Article, end: str = "") -> str:
    """A report with the three tables of form_2021 and a few figures of its own, which add up."""
    new = 10 * (article.year - 2018) + article.number
    prose = f"本报告所列数据的统计期限自{article.year}年1月1日起至{article.year}年12月31日止。"
    asked = f"{article.year}年，共收到政府信息公开申请{new}件。"
    parts = iter(
        [
            ("二、主动公开政府信息情况", lambda row: [str(new * 2)] if row in (6, 9) else []),
            (
                "三、收到和处理政府信息公开申请情况",
                lambda row: [str(new - 1), "1", *"0000", str(new)] if row in (3, 5, 26) else [],
            ),
            ("四、政府信息公开行政复议、行政诉讼情况", lambda row: ["2", "1", "0", "0", "3"] if row == 3 else []),
        ]
    )
    body = f'<p align="center">{article.title}</p><p>一、总体情况</p><p>{prose}{asked}</p>'
    for table in _form():
        title, figures = next(parts)
        body += f"<p>{title}</p>{_table(table, figures)}"
    body += "<p>五、存在的主要问题及改进情况</p><p>样例。</p><p>六、其他需要报告的事项</p><p>无。</p>"
    labels = f"""<meta name="ColumnName" content="政府信息公开年报"><meta name="ColumnType" content="信息公开年报">
<meta name="ArticleTitle" content="{article.title}"><meta name="PubDate" content="{article.date} 09:00">
<meta name="ContentSource" content="{family.name}"><meta name="Url" content="http://{family.host}{escape(article.path)}">"""
    back = '<a href="/zwgk/">政府信息公开</a> &gt; <a href="./">政府信息公开年报</a> &gt; '
    return html(family, article.title, f'<h2>{article.title}</h2><div id="zoom">{body}</div>{end}', labels, back)


def scripted(file: str) -> str:
    """A file as a script names it, beside anchors that are still to be filled in."""
    return f"""<script>var apps = [{{"qzbFile": "{file}", "name": "全真版"}}]; var apps1 = [];</script>
<a ms-attr-href="el.url" ms-for="el in apps">{{{{el.name}}}}</a><a href="{{{{qzbFile}}}}">全真版</a>"""


@cache
def _form() -> list[Table]:
    """The form as it stands in a report of 2021."""
    return [block for block in read_report("laiwu_2021") if not isinstance(block, Paragraph)]


def _table(table: Table, figures: Callable[[int], list[str]]) -> str:
    rows = ""
    for number, row in enumerate(table.rows):
        given = iter(figures(number))
        cells = "".join(
            _cell(cell, next(given, "0") if cell.text.replace(".", "").isdigit() else cell.text) for cell in row
        )
        rows += f"<tr>{cells}</tr>\n"
    return f'<table border="1">{rows}</table>'


def _cell(cell: Cell, text: str) -> str:
    return f'<td colspan="{cell.colspan}" rowspan="{cell.rowspan}">{escape(text.replace(chr(10), ""))}</td>'


# --- the server's side ------------------------------------------------------------------------------------------------


def answer(family: Family, url: str, body: bytes = b"") -> Reply:
    """The reply to a request: GET where `body` is empty, else a POST of that form."""
    parts = urlsplit(url)
    path = parts.path or "/"
    form = dict(parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(body.decode(), keep_blank_values=True))
    if path == "/robots.txt":
        return _reply("User-agent: *\nDisallow: /admin/\n", "text/plain")
    asked = f"{path}?{parts.query}" if parts.query else path
    article = next((a for a in family.articles() if a.path in (asked, path)), None)
    if article:
        paragraph = f"<h2>{article.title}</h2><p>《{article.title}》样例正文。</p>"
        end = next((scripted(file) for file, a in family.files.items() if a == article), "")
        return _reply(report(family, article, end) if article.scope else html(family, article.title, paragraph))
    page = _pages(family).get(path)
    text = page(form) if callable(page) else page
    return _reply(text) if text is not None else _reply(html(family, "404", "<p>您访问的页面不存在。</p>"), status=404)


@cache
def _pages(family: Family) -> Pages:
    return family.pages(family)


def _reply(text: str, media_type: str = "", status: int = 200) -> Reply:
    kinds = {"{": "application/json", "<?": "text/xml"}
    media_type = media_type or next((kind for start, kind in kinds.items() if text.startswith(start)), "text/html")
    headers: list[tuple[str, str | bytes]] = [("Server", "nginx"), ("Content-Type", f"{media_type}; charset=utf-8")]
    return Reply(status, headers, text.encode())


def as_json(values: object) -> str:
    return json.dumps(values, ensure_ascii=False)
