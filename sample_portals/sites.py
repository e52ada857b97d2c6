"""The five sites as data, and their pages, rendered when they are asked for.

A site is a `Site` in `SITES`. A platform of another kind is a subclass that says where its articles stand, and a folder
of templates for what its pages show differently.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import ClassVar

from jinja2 import Environment, PackageLoader, StrictUndefined

from sample_portals.messages import Reply
from sample_portals.report_text import read_report

BEIJING = timezone(timedelta(hours=8))
DOCUMENTS = Path(__file__).parent / "documents"

# key, name, the ColumnType of the standard for page labels
COLUMNS = [
    ("news", "要闻动态", "工作动态"),
    ("leaders", "领导之窗", "机构职能"),
    ("disclosure", "政府信息公开", "信息公开目录"),
    ("guide", "政府信息公开指南", "信息公开指南"),
    ("rules", "政府信息公开制度", "政策文件"),
    ("statutory", "法定主动公开内容", "信息公开目录"),
    ("annual", "政府信息公开年报", "信息公开年报"),
    ("law", "法治政府建设年度报告", "信息公开目录"),
    ("plans", "政务公开工作要点", "信息公开目录"),
    ("statistics", "统计信息", "信息公开目录"),
    ("budget", "财政预决算", "信息公开目录"),
]
CHILDREN = {
    "disclosure": ["guide", "rules", "statutory", "annual"],
    "statutory": ["law", "plans", "statistics", "budget"],
}
SAMPLE = "本页是样例栏目中的普通文章，文中不含真实信息。"


@dataclass(frozen=True)
class Article:
    """A page of a column. `body` names its template, `report` the report that it carries."""

    path: str
    title: str
    published: datetime
    modified: datetime
    source: str
    body: str = "paragraphs"
    paragraphs: tuple[str, ...] = ()
    report: str = ""
    attachment: str = ""


@dataclass(frozen=True)
class Column:
    key: str
    name: str
    type: str
    path: str
    articles: tuple[Article, ...]
    children: tuple["Column", ...]


@dataclass(frozen=True)
class Site:
    """One district's portal. `columns` gives the path of each of `COLUMNS`; `report_body` the shape of its report."""

    code: str
    slug: str
    name: str
    host: str
    identifier: str
    columns: dict[str, str]
    report_year: int
    report_published: datetime
    report_body: str
    document: str = ""
    document_name: bytes = b""
    charset: str = "utf-8"
    server: str = "nginx"
    gzip: bool = False
    migrated_after: timedelta = timedelta()
    editor: str = "区政府办公室"

    templates: ClassVar[str] = ""
    annual_key: ClassVar[str] = "annual"
    annual_query: ClassVar[str] = ""

    @property
    def government(self) -> str:
        return f"{self.name}人民政府"

    @property
    def report_title(self) -> str:
        return f"{self.government}{self.report_year}年政府信息公开工作年度报告"

    def article_path(self, column: str, title: str, published: datetime) -> str:
        raise NotImplementedError

    def document_path(self, article: str) -> str:
        raise NotImplementedError

    def column(self, key: str) -> Column:
        name, kind = next((name, kind) for other, name, kind in self.column_names() if other == key)
        children = tuple(self.column(child) for child in self.children(key))
        return Column(key, name, kind, self.columns[key], tuple(self._articles(key)), children)

    def column_names(self) -> list[tuple[str, str, str]]:
        return COLUMNS

    def children(self, key: str) -> list[str]:
        return CHILDREN.get(key, [])

    def _articles(self, key: str) -> Iterator[Article]:
        if key == self.annual_key:
            yield self._report()
        source = f"{self.government}办公室"
        for title, month, day in self._other_titles(key):
            published = datetime(self.report_year + 1, month, day, 9, 30, tzinfo=BEIJING)
            path = self.article_path(self.columns[key], title, published + self.migrated_after)
            text = (f"《{title}》样例正文。", SAMPLE)
            yield Article(path, title, published, published + self.migrated_after, source, paragraphs=text)

    def _report(self) -> Article:
        modified = self.report_published + self.migrated_after
        path = self.article_path(self.columns[self.annual_key], self.report_title, modified)
        return Article(
            path,
            self.report_title,
            self.report_published,
            modified,
            source=f"{self.government}办公室",
            body=self.report_body,
            report="" if self.document else f"{self.slug}_{self.report_year}",
            attachment=self.document_path(path) if self.document else "",
        )

    def _other_titles(self, key: str) -> list[tuple[str, int, int]]:
        """What stands beside the one report: title, month and day."""
        year, district = self.report_year, self.name
        if key == self.annual_key:
            return [
                (f"文字解读：{self.report_title}的解读", 3, 2),
                (f"关于{year}年政务公开工作要点落实情况的通报", 1, 15),
            ]
        return {
            "news": [(f"{district}召开{year + 1}年政务公开工作会议", 3, 12), (f"{district}举办政府开放日活动", 3, 5)],
            "leaders": [(f"{self.government}领导分工", 1, 8)],
            "guide": [(f"{self.government}政府信息公开指南", 1, 6)],
            "rules": [("政府信息公开申请办理制度", 1, 6), ("政府信息公开保密审查制度", 1, 6)],
            "law": [(f"{self.government}{year}年法治政府建设年度报告", 3, 9)],
            "plans": [(f"{year + 1}年{district}政务公开工作要点", 3, 16)],
            "statistics": [(f"{year}年{district}国民经济和社会发展统计公报", 3, 22)],
            "budget": [(f"{district}统计局{year + 1}年部门预算", 2, 8)],
        }.get(key, [])

    def page(self, path: str) -> Reply:
        if path in ("/", "/index.html"):
            return self._render("home.html", news=self.column("news"), modified=self.report_published)
        if path == "/robots.txt":
            return self._send(b"User-agent: *\nDisallow: /admin/\n", "text/plain")
        if path == "/static/counter.js":
            script = b'document.getElementById("hits").textContent = "1024";\n'
            return self._send(script, "application/javascript")
        for key, *_ in self.column_names():
            column = self.column(key)
            if path == column.path:
                newest = max((article.modified for article in column.articles), default=self.report_published)
                return self._render("column.html", column=column, modified=newest)
            for article in column.articles:
                if path == article.path:
                    return self._article(column, article)
                if path == article.attachment:
                    return self._document(article)
        return self._render("not_found.html", status=404)

    def _article(self, column: Column, article: Article) -> Reply:
        blocks = read_report(article.report) if article.report else []
        return self._render("article.html", column=column, article=article, blocks=blocks, modified=article.modified)

    def _document(self, article: Article) -> Reply:
        content = (DOCUMENTS / self.document).read_bytes()
        reply = self._send(content, _MEDIA_TYPES[Path(self.document).suffix], article.modified)
        if self.document_name:
            reply.headers.append(("Content-Disposition", b"attachment; filename=" + self.document_name))
        return reply

    def _render(self, template: str, status: int = 200, modified: datetime | None = None, **values: object) -> Reply:
        page = _TEMPLATES.select_template([f"{self.templates}/{template}", template])
        html = page.render(site=self, menu=[self.column(key) for key in ("news", "leaders", "disclosure")], **values)
        html = html.replace("\xa0", "&nbsp;")
        # gb2312 is what such servers say; what they send is GBK, with characters that GB2312 does not have.
        body = html.encode("gbk" if self.charset == "gb2312" else self.charset)
        reply = self._send(body, f"text/html; charset={self.charset}", modified, status)
        session = hashlib.md5(self.host.encode()).hexdigest()
        reply.headers.append(("Set-Cookie", f"JSESSIONID={session.upper()}; Path=/; HttpOnly"))
        reply.headers.append(("Set-Cookie", f"SERVERID={session[:8]}; Path=/"))
        return reply

    def _send(self, body: bytes, media_type: str, modified: datetime | None = None, status: int = 200) -> Reply:
        headers: list[tuple[str, str | bytes]] = [("Server", self.server), ("Content-Type", media_type)]
        if modified:
            headers.append(("Last-Modified", format_datetime(modified.astimezone(UTC), usegmt=True)))
        return Reply(status, headers, body, gzip=self.gzip and media_type.startswith("text/html"))


class GongkaiSite(Site):
    """The platform of the 济南 districts: an article's id begins with the second in which it was made."""

    annual_query = "?open=zfxxgknb"

    def article_path(self, column: str, title: str, published: datetime) -> str:
        return f"{column}doc_{int(published.timestamp()):08x}{_digest(title)[:16]}.html"

    def document_path(self, article: str) -> str:
        return article.replace(".html", f"_{_digest(article)}.{Path(self.document).suffix[1:]}")


class ZiboSite(GongkaiSite):
    """Its variant in the 淄博 districts, with a table of particulars above each article."""

    templates = "zibo"
    annual_query = ""


class TrsSite(Site):
    """TRS WCM: folders of months, relative links, a folder of its own for each year's annual reports."""

    templates = "trs"
    annual_key = "annual_year"

    def article_path(self, column: str, title: str, published: datetime) -> str:
        serial = 1_234_567 if title == self.report_title else 1_200_000 + int(_digest(title)[:4], 16)
        return f"{column}{published:%Y%m}/t{published:%Y%m%d}_{serial}.html"

    def document_path(self, article: str) -> str:
        serial = int(_digest(article)[:10], 16) % 10**12
        return f"{article.rpartition('/')[0]}/P{self.report_published:%Y%m%d}{serial:012}{Path(self.document).suffix}"

    def column_names(self) -> list[tuple[str, str, str]]:
        return [*COLUMNS, ("annual_year", f"{self.report_year}年政府信息公开年报", "信息公开年报")]

    def children(self, key: str) -> list[str]:
        return ["annual_year"] if key == "annual" else super().children(key)

    def page(self, path: str) -> Reply:
        if path == "/":
            return Reply(302, [("Server", self.server), ("Location", "/index.html")])
        return super().page(path if path == "/index.html" else path.removesuffix("index.html"))


def _digest(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _gongkai_columns(annual: str, pattern: str = "/gongkai/channel_{id}/") -> dict[str, str]:
    """The paths of all columns, given the id of the annual reports': their ids follow one another."""
    keys = [key for key, *_ in COLUMNS]
    paths = {}
    for key in keys:
        distance = keys.index(key) - keys.index("annual")
        column_id = f"{int(annual, 16) + distance:024x}"
        paths[key] = pattern.format(id=column_id, made=1605680532.0536 + distance)
    return paths | {"disclosure": "/gongkai/"}


_TEMPLATES = Environment(
    loader=PackageLoader("sample_portals"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# Word writes a run for each script, and cuts runs wherever somebody once edited.
_TEMPLATES.filters["runs"] = lambda text: re.findall(r"[\x21-\x7e]+|[^\x21-\x7e]{1,9}", text)
# HTML shows spaces at the beginning of a line, and more than one in a row, only if they are hard.
_TEMPLATES.filters["hard_spaces"] = lambda text: re.sub("^ +| {2,}", lambda run: "\xa0" * len(run.group()), text)
_MEDIA_TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pdf": "application/pdf",
}

SITES: list[Site] = [
    GongkaiSite(
        code="370112",
        slug="licheng",
        name="济南市历城区",
        host="www.licheng.gov.cn",
        identifier="3701120001",
        columns=_gongkai_columns("63899ec7375991828262e186"),
        report_year=2020,
        report_published=datetime(2021, 1, 29, 15, 20, tzinfo=BEIJING),
        report_body="word",
        gzip=True,
    ),
    GongkaiSite(
        code="370115",
        slug="jiyang",
        name="济南市济阳区",
        host="www.jiyang.gov.cn",
        identifier="3701150001",
        columns=_gongkai_columns("6389ae153759918282644ce6"),
        report_year=2019,
        report_published=datetime(2020, 1, 22, 10, 5, tzinfo=BEIJING),
        report_body="document",
        document="jiyang_2019.docx",
        document_name="济南市济阳区2019年度政府信息公开工作年度报告.docx".encode("gbk"),
        server="openresty",
    ),
    ZiboSite(
        code="370305",
        slug="linzi",
        name="淄博市临淄区",
        host="www.linzi.gov.cn",
        identifier="3703050001",
        columns=_gongkai_columns("5f9f696d489871774b4da7ed", "/gongkai/channel_c_{id}_n_{made:.4f}/"),
        report_year=2020,
        report_published=datetime(2021, 2, 5, 16, 48, tzinfo=BEIJING),
        report_body="plain",
        charset="gb2312",
        server="Microsoft-IIS/8.5",
        editor="李喆（样例姓名）",
    ),
    TrsSite(
        code="370406",
        slug="shanting",
        name="枣庄市山亭区",
        host="www.shanting.gov.cn",
        identifier="3704060001",
        columns={
            "news": "/xwzx/",
            "leaders": "/ldzc/",
            "disclosure": "/zwgk/",
            "guide": "/zwgk/xxgkzn/",
            "rules": "/zwgk/xxgkzd/",
            "statutory": "/zwgk/fdzdgknr/",
            "annual": "/zwgk/xxgknb/",
            "annual_year": "/zwgk/xxgknb/2020/",
            "law": "/zwgk/fzzfjs/",
            "plans": "/zwgk/gkyd/",
            "statistics": "/zwgk/tjxx/",
            "budget": "/zwgk/czyjs/",
        },
        report_year=2020,
        report_published=datetime(2021, 2, 20, 16, 40, tzinfo=BEIJING),
        report_body="document",
        document="shanting_2020.pdf",
        server="Apache",
    ),
    GongkaiSite(
        code="370116",
        slug="laiwu",
        name="济南市莱芜区",
        host="www.laiwu.gov.cn",
        identifier="",
        columns=_gongkai_columns("6389b0cb3759918282649a25"),
        report_year=2021,
        report_published=datetime(2022, 1, 27, 11, 12, tzinfo=BEIJING),
        report_body="nested",
        gzip=True,
        migrated_after=timedelta(days=61),
    ),
]
HOSTS = {site.host: site for site in SITES}
PORTALS = tuple(site.code for site in SITES)


def page(host: str, path: str) -> Reply:
    """The reply of a known host. These platforms ignore queries, so only the path counts."""
    return HOSTS[host].page(path)
