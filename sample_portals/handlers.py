"""Pretend portals whose links are no plain anchors: choosers, handlers, and files that only a script names."""

from sample_portals.families import (
    YEARS,
    Article,
    Family,
    Form,
    Pages,
    anchors,
    column,
    front,
    html,
    numbered,
    paged,
    report,
    static,
)


def empire(family: Family) -> Pages:
    """帝国CMS: the first page is a file, the others are asked for by numbers that count from 0."""
    root = "/zwgk/zfxxgknb/"
    parts = paged(family.articles())
    addresses = [root, *(f"/e/action/ListInfo/?classid=174&amp;page={n}" for n in range(1, len(parts)))]

    def page(form: Form) -> str | None:
        number = int(form.get("page", 0))
        good = form.get("classid") == "174" and number < len(parts)
        return column(family, parts[number], numbered(addresses)) if good else None

    pages = front(family, "/zwgk/", root)
    return pages | {root: column(family, parts[0], numbered(addresses)), "/e/action/ListInfo/": page}


def _select(options: dict[str, str]) -> str:
    rows = "".join(f'<option value="{value}">{text}</option>' for text, value in options.items())
    return f'<select onchange="location.href=this.value"><option value="">请选择</option>{rows}</select>'


def chooser(family: Family) -> Pages:
    """A year is chosen, and in it a page."""
    root = "/zwgk/zfxxgknb/"
    years = _select({f"{year}年": f"./{year}/" for year in YEARS})
    pages = front(family, "/zwgk/", root) | {root: html(family, "政府信息公开年报", years)}
    for year in YEARS:
        parts = paged([a for a in family.articles() if a.year == year], 3)
        pager = _select({f"第{n}页": f"index_{n}.html" if n > 1 else "./" for n in range(1, len(parts) + 1)})
        for number, part in enumerate(parts, 1):
            pages[f"{root}{year}/" + (f"index_{number}.html" if number > 1 else "")] = column(family, part, pager)
    return pages


def _opened(address: str, text: str, tag: str = "div") -> str:
    return f"""<{tag} onclick="window.open('{address}')">{text}</{tag}>\n"""


def handlers(family: Family) -> Pages:
    """Whatever is clicked has a handler."""
    root = "/zwgk/zfxxgknb/"
    pages = front(family, "/zwgk/", root)
    pages["/"] = html(family, "首页", _opened("/zwgk/", "政府信息公开") + _opened("/news/", "要闻动态"))
    script = f"""<a href="javascript:void(0)" onclick="location.href='{root}'">政府信息公开年报</a>"""
    pages["/zwgk/"] = html(family, "政府信息公开", script + anchors({"法治政府建设年度报告": "/fz/"}))
    parts = paged(family.articles())
    for number, part in enumerate(parts, 1):
        following = f"""<span onclick="location.href = 'index_{number + 1}.html'">下一页</span>"""
        rows = "".join(_opened(a.path, _row(a), "li") for a in part)
        address = f"{root}index_{number}.html" if number > 1 else root
        pages[address] = html(family, "政府信息公开年报", f"<ul>{rows}</ul>{following if number < len(parts) else ''}")
    return pages


def _row(article: Article) -> str:
    return f"<span>{article.title}</span><i>{article.date}</i>"


def apps(family: Family) -> Pages:
    """TRS in Fujian: a report's page carries its file in a script."""
    root, articles = "/xxgk/nb/", family.articles()
    addresses = [root, *(f"{root}index_{n}.htm" for n in range(1, len(paged(articles))))]
    pages = front(family, "/xxgk/", root) | static(family, addresses, articles)
    return pages | {path: report(family, article) for path, article in family.files.items()}
