"""What a report says of itself: title, issuer, year, scope, date of publication, 索引号.

The page (in words and in meta tags), each attachment and the list that leads there may all say it, and may disagree:
`settle` has the rule for which wins, `disagreements` tells the reader.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import unescape

from parsers import html as pages
from parsers import numbers
from parsers.model import Document, Finding, Heading, Level

_OGI = r"(?:政府|政务)?信息公开"
_TITLES = (  # "…2020年政府信息公开工作年度报告", and with the year in the middle: "…政府信息公开工作2023年度报告"
    re.compile(rf"(?:关于)?(?P<issuer>.*?)(?P<year>20\d\d)年?度?{_OGI}(?:工作)?的?(?:年度)?(?:报告|年报)"),
    re.compile(rf"(?:关于)?(?P<issuer>.*?){_OGI}(?:工作)?(?P<year>20\d\d)年?度?(?:年度)?(?:工作)?(?:报告|年报)"),
)
# What lists and file names put around a title: 附件1:…, …(图片版), …[附件], ….pdf
_BEFORE = re.compile(r"^(?:[\[【(]?附(?:[件表]\d{0,2}[\]】)]?[:.、]?|\d{0,2}[\]】)]?:))?(?:\d{1,2}[.、](?!\d))?")
_AFTER = re.compile(
    r"(?:[(\[【](?:(?:图片|扫描|全文|文字|网页|文本|正式|盖章|pdf|word|wps|docx?)(?:版|件|格式)?|附件\d{0,2}|下载)[)\]】]"
    r"|\.(?:pdf|docx?|wps|ofd|rtf|xlsx?|html?))+$",
    re.IGNORECASE,
)
_DECOY = re.compile(r"解读|图解|读懂|要点|法治政府|统计公报|指南|问答|电子书|语音|落实情况|转发|通知|编制说明")
_YEAR_LONG = r"(?<!\d)(20\d\d)年1月1日起?[至到](?:\1年)?12月31日"  # a damaged one (自202111日起至…) is no year at all
_PERIOD = re.compile(_YEAR_LONG)
_TERM = re.compile(r"(?:期限|统计时间|数据)[^。;]{0,12}?" + _YEAR_LONG)  # the sentence that says what is counted
_SELF = re.compile(r"(?:与|向)([^，,。；;（(《“]{2,24}?人民政府)(?:办公室|办公厅)?[^，,。；;]{0,6}联系")
_DATE = re.compile(r"(20\d\d)[年\-/.](\d{1,2})[月\-/.](\d{1,2})日?")
_PUBLISHED, _WRITTEN = (
    re.compile(rf"(?:{words})(?:日期|时间)\n?:?\n?(20\d\d[年\-/.]\d{{1,2}}[月\-/.]\d{{1,2}})")
    for words in ("发布|公开", "发文|成文")
)
_HEAD = 300_000  # characters of a page in which its properties stand
_UNPRINTED = (("<!--", "-->"), (r"<script\b", r"</script"), (r"<style\b", r"</style"))
_INDEX = re.compile(r"索引(?:编?号|码)\n?:?\n?([^\n:]{4,64})")
_INDEX_TAGS = ("indexnumber", "索引号")
_NO_INDEX = re.compile(r"none|null|undefined|无|没有", re.IGNORECASE)
_PUBLISHER = r"(?:发布|公开|发文|责任|制发|生成)(?:机构|机关|单位|部门|主体)"
_SOURCES = tuple(  # who published goes before where the text comes from
    re.compile(rf"{label}:\n?:?([^\n:]{{2,60}})|^{label}\n([^\n:]{{2,60}})$", re.MULTILINE)
    for label in (_PUBLISHER, r"(?<!数据)(?<!资金)(?<!收入)来源")
)
# What follows a property on its line: 来源：历城区教育局　浏览次数：12
_NEXT = re.compile(
    r"发布|索引|浏览|阅读|点击|访问|作者|编辑|字[号体]|日期|时间|打印|分享|文号|有效|主题|责任|来源|体裁"
    r"|公开(?:方式|日期|时间|范围|类)|信息(?:分类|类别|名称|来源)"
)
_STOP = re.compile(r"[\d|【\[]")
_BODY = re.compile(
    r"(?=[\u4e00-\u9fff、()]{2,40}$)"
    r".*(?:政府|办公[室厅]|府办|道办|办事处|..局|委员会|..委|..[镇乡街院处]|苏木|街道|中心|大队|支队)"
)
_DISTRICT = re.compile(r"[\u4e00-\u9fff]{2,20}[区县市旗]")
_NO_BODY = re.compile(r"媒体|新闻|资讯|信息中心|数据中心|互动|服务大厅|办事|网|日报|电视")
_ANY_BODY = re.compile(  # a crumb that speaks of bodies and names none: 区直部门, 镇街, 各镇人民政府
    r"(?:人民政府|政府|部门|直属|派出|下属|所属|垂直|管理|机构|单位|机关|街道|办事处|其他|[各省市区县旗镇乡街直委办局级本及和与、()])+"
)
_OFFICE = re.compile(r"(?:人民)?政?府办(?:公室|公厅)?$")
_LAST_PLACE = re.compile(r"[^省市区县州盟旗]{1,40}.$")
_DIVISION = re.compile(r"[省区县州盟旗]|市(?![场政容民])|^(?:国家|中国|全国)")
_PLACE = re.compile(  # its first character is one of a few, for which a page is searched three times as fast
    r"""[位\s"'](?:(?<=位)(?<!地理位)置|(?:class|id)\s*=\s*["'][^"'<>]{0,60}?(?:bread|crumb|curmb|position|location|weizhi)"""
    r"""[^"'<>]{0,60}["'][^<>]{0,200}>)""",
    re.IGNORECASE,
)
_PLACE_END = re.compile(r"</(?:div|p|td|table|ul|ol|nav|section)\s*>|<(?:h\d|main|table|script)\b", re.IGNORECASE)
_PLACE_SIZE = 3000  # characters of a page at most that a breadcrumb takes with its tags
_TITLE_SIZE = 200  # characters that a title has at most
_TITLE_LINES = 6  # a title runs over at most this many of the first lines


def title_of(text: str) -> tuple[str, str, int] | None:
    """(title, issuer as printed, year) where the whole text is the title of an annual report, else None.

    The title is given without what a list puts around it: 附件1:, (图片版), .pdf.
    """
    bare = numbers.squash(text)
    if len(bare) > _TITLE_SIZE or decoy(bare):
        return None
    bare = _AFTER.sub("", _BEFORE.sub("", bare, count=1))
    for pattern in _TITLES:
        if match := pattern.fullmatch(bare):
            return bare, match["issuer"], int(match["year"])
    return None


def decoy(text: str) -> str:
    """The word by which a text that names an annual report is about one, or of another kind: 解读; "" without one."""
    match = _DECOY.search(text)
    return match[0] if match else ""


@dataclass(frozen=True, slots=True)
class Said:
    """What one document says of its report, or the list that leads to it, before any of it is weighed.

    `titles` are (title, issuer, year), the one in the page's labels before the printed one; `unit` is the body named by
    the source line, the tag ContentSource or the breadcrumb; `contact` the government named in prose; `periods` the
    years of all periods named, `terms` those of the sentence that says what is counted; `stated` the date that a reader
    sees, `tagged` that of the tag PubDate. Bodies stand with their full names.
    """

    titles: tuple[tuple[str, str, int], ...] = ()
    unit: str = ""
    contact: str = ""
    periods: tuple[int, ...] = ()
    terms: tuple[int, ...] = ()
    stated: str = ""
    tagged: str = ""
    index_number: str = ""


def said(
    document: Document, lines: Sequence[str], names: Iterable[str] = (), tags: dict[str, str] | None = None
) -> Said:
    """What one document says. `names`: full names of districts (济南市历城区), which complete a shortened issuer.
    `tags`: the labels of a page, where they have been read."""
    names = tuple(names)
    page = document.media_type == "html"
    if tags is None:
        tags = pages.labels(document.text) if page else {}
    shown = _shown(document.text) if page else ""
    text = "".join(map(numbers.squash, lines))
    contact = next(_SELF.finditer(text), None)
    return Said(
        _titles((label_titles(tags), _printed_titles(lines)), names),
        _unit(shown, tags.get("contentsource", ""), breadcrumb(document.text[:_HEAD]) if page else [], names),
        _full_name(contact[1], names) if contact else "",
        tuple(int(year) for year in _PERIOD.findall(text)),
        tuple(int(year) for year in _TERM.findall(text)),
        _dated(_PUBLISHED, shown) if page else _signed(lines),
        _iso(numbers.squash(tags.get("pubdate", ""))) or _dated(_WRITTEN, shown),
        _index_number(shown, tags),
    )


def said_in_list(text: str, names: Iterable[str] = ()) -> Said:
    """What a list says by the title that it gives to a report; a title of another kind stays as it is, without year."""
    return Said(_titles(((text,),), tuple(names)) or ((text, "", 0),))


def settle(documents: Sequence[Said], listed: Said | None = None) -> Heading:
    """Which wins. Documents come in their order: the page, then its attachments; the list last.

    - title: a title in the page's labels (ArticleTitle, h1, title), the printed one, an attachment's, the list's.
    - issuer: the first title that names a body, in that order. Where none does: the page's line 发布机构, then 来源,
      the tag ContentSource, the breadcrumb; then the government named in prose. (The office of a government that stands
      as source speaks for its government, or for the body in whose column the report hangs.) The rest is for whoever
      knows in which portal it was found.
    - year: that of the documents' titles; the period in prose; the list's title. Never the folders of an address.
    - date: 发布日期 as a reader sees it; the tag PubDate; 成文日期; without a page the date under the signature.
    - 索引号: the page's table of properties.
    """
    everyone = [*documents, *([listed] if listed else [])]
    titles = [title for one in documents for title in one.titles]
    last = list(listed.titles) if listed else []
    years = (*(year for *_, year in titles), *(year for one in documents for year in one.periods))
    issuers = (
        *(issuer for _, issuer, _ in (*titles, *last)),
        *(one.unit for one in everyone),
        *(one.contact for one in everyone),
    )
    issuer = next(filter(None, issuers), None)
    return Heading(
        next((title for title, *_ in (*titles, *last)), None),
        issuer,
        next(filter(None, (*years, *(year for *_, year in last))), None),
        _scope(issuer),
        next(filter(None, (one.stated or one.tagged for one in documents)), None),
        next(filter(None, (one.index_number for one in documents)), None),
    )


def disagreements(documents: Sequence[Said], listed: Said | None = None) -> list[Finding]:
    """A finding for each of year, issuer and date of which what is said differs; it says which was taken (`settle`)."""
    taken = settle(documents, listed)
    titles = [("标题", "the title", title) for one in documents[:1] for title in one.titles]
    titles += [("附件的标题", "an attachment's title", title) for one in documents[1:] for title in one.titles]
    titles += [("栏目所列标题", "the title in the list", title) for title in (listed.titles if listed else ())]
    return [*_years(titles, documents, taken), *_issuers(titles, documents, taken), *_dates(documents)]


def _years(
    titles: Iterable[tuple[str, str, tuple[str, str, int]]], documents: Iterable[Said], taken: Heading
) -> Iterator[Finding]:
    stated = [(zh, en, str(year)) for zh, en, (_, _, year) in titles if year]
    terms = [year for one in documents for year in one.terms]
    if taken.year not in terms:  # where a report names several periods, one of them is its own
        stated += [("统计期限", "the period", str(year)) for year in terms]
    if len({year for *_, year in stated}) > 1:
        yield _finding("heading_year", "warning", ("年度", "the years"), stated, str(taken.year))


def _issuers(
    titles: Iterable[tuple[str, str, tuple[str, str, int]]], documents: Iterable[Said], taken: Heading
) -> Iterator[Finding]:
    issuer = taken.issuer or ""
    stated = [(zh, en, name) for zh, en, (_, name, _) in titles if name]
    others = [one for one in stated if not _same_body(one[2], issuer)]
    sources = [("来源", "the source", one.unit) for one in documents if one.unit and not _speaks_for(one.unit, issuer)]
    if others:
        level: Level = "info" if all(_speaks_for(name, issuer) for *_, name in others) else "warning"
        yield _finding("heading_issuer", level, ("发布机关", "the issuers"), stated, issuer)
    elif stated and sources:
        yield _finding("heading_issuer", "info", ("发布机关", "the issuers"), [*stated, *sources], issuer)


def _dates(documents: Iterable[Said]) -> Iterator[Finding]:
    for one in documents:
        if one.stated and one.tagged and one.stated != one.tagged:
            stated = [("网页所载", "the page", one.stated), ("网页标签", "its tag", one.tagged)]
            yield _finding("heading_date", "info", ("公布日期", "the dates"), stated, one.stated)


def _finding(
    check: str, level: Level, what: tuple[str, str], stated: Iterable[tuple[str, str, str]], taken: str
) -> Finding:
    stated = list(dict.fromkeys(stated))
    zh = "，".join(f"{where} {value}" for where, _, value in stated)
    en = ", ".join(f"{where} {value}" for _, where, value in stated)
    return Finding(check, level, f"{what[0]}不一致：{zh}；取 {taken} / {what[1]} disagree: {en}; taken: {taken}")


def _same_body(one: str, other: str) -> bool:
    """Whether two names may be of one body: of the same scope, and one the other shortened (教体局, 教育和体育局)."""
    if _scope(one) != _scope(other):
        return False
    short, long = sorted((one, other), key=len)
    if _scope(one) != "department":  # 济南市人民政府 is not 济南市历城区人民政府 shortened
        places = [_LAST_PLACE.search(name.removesuffix("人民政府")) for name in (short, long)]
        short, long = sorted((place[0] if place else "" for place in places), key=len)
        return long.endswith(short)
    rest = iter(long)
    return all(character in rest for character in short)


def _speaks_for(source: str, issuer: str) -> bool:
    """Whether a source publishes for the issuer: the body itself, or the one is the other's office."""
    return _same_body(*(_OFFICE.sub("人民政府", name) for name in (source, issuer)))


def heading(document: Document, lines: Sequence[str], names: Iterable[str] = ()) -> Heading:
    """Heading of a report of one document (`settle`)."""
    return settle([said(document, lines, names)])


def breadcrumb(html: str) -> list[str]:
    """Where a page says that it stands, from the front page down: 首页, 政府信息公开, 年报; [] where it does not."""
    for place in itertools.islice(_PLACE.finditer(html), 5):
        piece = html[place.end() : place.end() + _PLACE_SIZE]
        piece = unescape(re.sub(r"<[^<>]*>", "\n", _PLACE_END.split(piece, maxsplit=1)[0]))
        parts = (numbers.squash(part).strip(":") for part in re.split(r"[\n>»›→/|\\]+", piece))
        crumbs = [part for part in parts if re.search(r"\w", part) and part not in ("正文", "列表", "内容", "详情")]
        if len(crumbs) > 1 and (place[0] == "位置" or "首页" in crumbs[0]):
            return crumbs
    return []


def label_titles(said: dict[str, str]) -> list[str]:
    """What the labels give as the page's title, each also without the site's name behind it."""
    titles = [said[key] for key in ("articletitle", "h1", "title") if key in said]
    return [part for title in titles for part in (title, *re.split(r"\s*[-_|–—]\s*", title)[:1])]


def _printed_titles(lines: Sequence[str]) -> list[str]:
    """The first lines, alone and joined: a title is often broken over two or three."""
    first = [line for line in lines[:_TITLE_LINES] if len(line) < 60]
    return ["".join(first[i:j]) for i in range(len(first)) for j in range(i + 1, min(i + 3, len(first)) + 1)]


def _titles(sources: Iterable[Iterable[str]], names: tuple[str, ...]) -> tuple[tuple[str, str, int], ...]:
    """The first title of a report in each source, its issuer with the full name."""
    found = (next(filter(None, map(title_of, texts)), None) for texts in sources)
    return tuple(
        (title, _full_name(issuer, names) if issuer else "", year) for title, issuer, year in filter(None, found)
    )


def _shown(html: str) -> str:
    """The beginning of a page as text without white space, a line for each piece between two tags."""
    html = html[:_HEAD]
    for opening, closing in _UNPRINTED:
        first, *rest = re.split(opening, html, flags=re.IGNORECASE)
        html = first + "".join("".join(re.split(closing, part, maxsplit=1, flags=re.IGNORECASE)[1:]) for part in rest)
    pieces = map(numbers.squash, unescape(re.sub(r"(?:<[^<>]*>\s*)+", "\n", html)).splitlines())
    return "\n".join(filter(None, pieces))


def _unit(shown: str, tag: str, crumbs: Sequence[str], names: tuple[str, ...]) -> str:
    """The body that a page names as its source, or in whose column it stands: its full name; "" where it names none."""
    lines = (match[1] or match[2] for pattern in _SOURCES for match in itertools.islice(pattern.finditer(shown), 5))
    sources = filter(None, (_source(text) for text in (*lines, numbers.squash(tag)[:60])))
    column = next((c for c in reversed(crumbs[1:]) if _is_body(c) and not _ANY_BODY.fullmatch(c)), "")
    unit = next(sources, "") or column
    if _OFFICE.search(unit) and unit != column:
        unit = column or _OFFICE.sub("人民政府", unit)
    name = _full_name(unit, names) if unit else ""
    return "" if _ANY_BODY.fullmatch(name) else name


def _source(text: str) -> str:
    """The body that a source line names; "" where it names a medium, a person or nothing."""
    bare = _STOP.split(_NEXT.split(text, maxsplit=1)[0], maxsplit=1)[0].strip("()、")
    return bare if _is_body(bare) or _DISTRICT.fullmatch(bare) else ""


def _is_body(text: str) -> bool:
    return bool(_BODY.fullmatch(text)) and not _NO_BODY.search(text)


def _index_number(shown: str, tags: dict[str, str]) -> str:
    """The 索引号 of a page's table of properties; what a system prints for none (/2021-None, 无) is none."""
    printed = (match[1] for match in itertools.islice(_INDEX.finditer(shown), 20))
    for text in (*printed, *(numbers.squash(tags.get(name, ""))[:64] for name in _INDEX_TAGS)):
        bare = _NEXT.split(text, maxsplit=1)[0]
        if re.search(r"\d", bare) and not _NO_INDEX.search(bare):
            return bare
    return ""


def _full_name(issuer: str, names: Sequence[str]) -> str:
    """The body's full name: a bare district is its government; a shortened district is completed from `names`."""
    issuer = re.sub(r"(?<=[省市区县旗镇乡])政府(?=$|办)", "人民政府", issuer)
    issuer = re.sub(r"(?<=政府办)$", "公室", re.sub(r"街道办$|(?<=..)街$", "街道", issuer))
    for name in names:
        short = next((name[i:] for i in range(len(name) - 1) if issuer.startswith(name[i:])), None)
        if short:
            issuer = name + issuer.removeprefix(short)
            break
    else:
        issuer = _of_district(issuer, names[0]) if len(names) == 1 else issuer
    if issuer.endswith("街道"):
        return issuer + "办事处"
    return issuer + "人民政府" if re.search(r"[区县市旗镇乡]$", issuer) else issuer


def _of_district(issuer: str, name: str) -> str:
    """A body of the district that leaves out its name (区教育局, 教育局); any other stays as it is."""
    if issuer.startswith(name[-1]) and _DIVISION.match(issuer):
        return name + issuer[1:]
    return issuer if _DIVISION.search(issuer) or not (_is_body(issuer) or issuer == "人民政府") else name + issuer


def _scope(issuer: str | None) -> str | None:
    """government, department (its name goes on after 人民政府) or town (a 镇, 乡 or 街道)."""
    if not issuer:
        return None
    if re.search(r"(?:镇|乡|民族乡|苏木)(?:人民政府)?$|街道(?:办事处|办)?$", issuer):
        return "town"
    return "government" if issuer.endswith("人民政府") else "department"


def _dated(pattern: re.Pattern[str], text: str) -> str:
    return next(filter(None, (_iso(match[1]) for match in itertools.islice(pattern.finditer(text), 5))), "")


def _signed(lines: Sequence[str]) -> str:
    """In a document without page: the date under the signature, in its last lines."""
    return next(filter(None, (_iso(numbers.squash(line)) for line in reversed(lines[-4:]))), "")


def _iso(text: str) -> str:
    match = _DATE.match(text)
    try:
        return date(*map(int, match.groups())).isoformat() if match else ""
    except ValueError:
        return ""
