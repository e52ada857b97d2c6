"""How each of the pretend portals keeps its lists, and the portals themselves."""

from math import ceil
from urllib.parse import urlencode

from sample_portals import handlers
from sample_portals.families import (
    SIZE,
    Article,
    Family,
    Form,
    Page,
    Pages,
    anchors,
    as_json,
    column,
    front,
    html,
    listed,
    numbered,
    paged,
    shell,
    static,
)


def _files(articles: list[Article], first: str, other: str, start: int = 2) -> list[str]:
    return [first, *(other.format(n) for n in range(start, start + len(paged(articles)) - 1))]


def trs(family: Family) -> Pages:
    """Folders of years, in them of bodies; in these lists whose pager a script writes, page 2 being index_1.html."""
    root = "/zwgk/zfxxgk/zfxxgknb/"
    pages = front(family, "/zwgk/zfxxgk/", root, entry="/zwgk/")
    pages["/zwgk/"] = shell("./zfxxgk/")
    folders = {f"{year}年": f"./{year}n_5959{year % 100}/" for year in (2024, 2023, 2022, 2021)}
    pages[root] = html(family, "政府信息公开年报", anchors(folders))
    bodies = {"区政府": ("qzf", "government"), "部门": ("bm", "department"), "街道": ("jd", "town")}
    for name, folder in folders.items():
        year = root + folder.removeprefix("./")
        kinds = {}
        for body, (slug, scope) in bodies.items():
            articles = [
                a for a in family.articles(scope) if f"{a.year}年" == name and (a.scope or scope == "government")
            ]
            if articles:
                kinds[body] = f"./{slug}/"
                pages |= _trs_list(family, f"{year}{slug}/", articles[::-1], scope == "department")
        pages[year] = html(family, f"{name}政府信息公开年报", anchors(kinds))
    return pages


def _trs_list(family: Family, folder: str, articles: list[Article], counts_records: bool) -> Pages:
    parts = paged(articles, 2)
    records = f"{len(articles)}, " if counts_records else ""
    pages: Pages = {}
    for number, part in enumerate(parts):
        call = f'createPageHTML({records}{len(parts)}, {number}, "index", "html");'
        script = f"<script>function createPageHTML(_nPageCount, _nCurrIndex, _sName, _sExt) {{}}\n{call}</script>"
        pages[f"{folder}index_{number}.html" if number else folder] = column(family, part, script)
    return pages


def trs_from_two(family: Family) -> Pages:
    """The variant whose page 2 is index_2.shtml."""
    root = "/zfxxgk/zfxxgknb/"
    pages = front(family, "/zfxxgk/", root)
    pages["/index.shtml"] = pages["/"]
    pages["/"] = '<html><head><meta http-equiv="refresh" content="0; url=/index.shtml"></head><body></body></html>'
    parts = paged(family.articles())
    for number, part in enumerate(parts, 1):
        script = f"""<script>var currentPage = {number};//所在页从1开始
var countPage = {len(parts)};//共多少页
document.write('<a href="index_' + (currentPage + 1) + '.shtml">下一页</a>');</script>"""
        pages[f"{root}index_{number}.shtml" if number > 1 else root] = column(family, part, script)
    return pages


def trs_search(family: Family) -> Pages:
    """The first page is static, the others are asked for by a form."""
    root = "/zwgk/zfxxgk/zfxxgknb/"
    pages = front(family, "/zwgk/zfxxgk/", root)
    articles = family.articles()
    script = f"""<div class="list" ms-controller="list"></div><script>
$.ajax({{url: '/fjdzapp/search', type: 'post', data: {{
  channelid: '200210', sortfield: '-docorderpri,-docreltime', classsql: 'chnlid=1813', classcol: 'publishyear',
  classnum: '100', classsort: '0', cache: 'true', page: vm.page, prepage: '{SIZE}' }}}});
var vm = {{ recordCount: '{len(articles)}', page: 1 }};</script>"""
    pages[root] = column(family, articles[:SIZE], script)

    def search(form: Form) -> str:
        start = (int(form.get("page", 1)) - 1) * SIZE if form.get("classsql") == "chnlid=1813" else len(articles)
        found = [
            {"doctitle": a.title, "docpuburl": f"http://{family.host}{a.path}", "docreltime": f"{a.date} 09:00"}
            for a in articles[start : start + SIZE]
        ]
        return as_json({"data": found, "count": len(articles), "pageCount": ceil(len(articles) / SIZE)})

    pages["/fjdzapp/search"] = search
    return pages


def hanweb(family: Family) -> Pages:
    """The list's first group stands in a script; dataproxy.jsp has the rest, by numbers or by address of the next."""
    pages = front(family, "/col/col1000/index.html", "/col/col1001/index.html")
    government, departments = (
        family.articles("government"),
        [a for a in family.articles() if a.scope not in ("government", "")],
    )
    fields = {"col": 1, "appid": 1, "webid": 99, "path": "/", "columnid": 1001, "sourceContentType": 1, "unitid": 5001}
    fields |= {"webname": family.name, "permissiontype": 0}
    script = f"""<script>$('#5001').jpage({{ totalRecord: {len(government)}, perpage: 1, proxyUrl:
"/module/web/jpage/dataproxy.jsp", params: {as_json(fields)} }});</script>"""
    main = _datastore(government[:SIZE]) + script + anchors({"部门、街道年报": "/col/col1002/index.html"})
    pages["/col/col1001/index.html"] = html(family, "政府信息公开年报", f'<div id="5001">{main}</div>')
    first = _datastore(departments[:1], _next_group(1))
    pages["/col/col1002/index.html"] = html(family, "部门年报", f'<div id="5002">{first}</div>')

    def proxy(form: Form) -> str:
        if form.get("columnid") == "1002":
            page = int(form["page"])
            return _xml(departments[page : page + 1], _next_group(page + 1) if page + 1 < len(departments) else "")
        if form.get("columnid") != "1001":
            return _xml([])
        return _xml(government[int(form["startrecord"]) - 1 : int(form["endrecord"])], total=len(government))

    pages["/module/web/jpage/dataproxy.jsp"] = proxy
    return pages


def _next_group(page: int) -> str:
    return f"/module/web/jpage/dataproxy.jsp?page={page}&amp;webid=99&amp;path=/&amp;columnid=1002&amp;unitid=5002"


def _records(articles: list[Article], following: str, total: int) -> str:
    group = f'<nextgroup><![CDATA[<a href="{following}"></a>]]></nextgroup>' if following else ""
    count = f"<totalrecord>{total}</totalrecord>" if total else ""
    records = "".join(f"<record><![CDATA[\n{listed([a])}]]></record>\n" for a in articles)
    return f"<datastore>{count}{group}<recordset>{records}</recordset></datastore>"


def _datastore(articles: list[Article], following: str = "") -> str:
    return f'<script type="text/xml">{_records(articles, following, 0)}</script>'


def _xml(articles: list[Article], following: str = "", total: int = 0) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{_records(articles, following, total)}'


def hanweb_years(family: Family) -> Pages:
    """One page for each body and year; a column is a body's choice of years, which also offers one without report."""
    path = "/module/xxgk/xxgkAnnualReport.jsp"
    reports = [a for a in family.articles() if a.scope]
    areas = {a.path.split("area=")[1].split("&")[0]: a for a in reports}
    own = f"{path}?area={next(iter(areas))}"
    pages = front(family, "/xxgk/", own)

    def choice(form: Form) -> str | None:
        years = [a.year for a in reports if f"area={form.get('area')}&" in a.path]
        options = "".join(f'<option value="{year}">{year}年</option>' for year in (*years, 2020))
        bodies = {
            a.title.removeprefix(family.name).split("20")[0] or "区政府": f"{path}?area={area}"
            for area, a in areas.items()
        }
        script = f"<script>function go(y) {{ location.href = '{path}?area={form.get('area')}&fbtime=' + y; }}</script>"
        main = f'<select id="fbtime" onchange="go(this.value)">{options}</select>{script}{anchors(bodies)}'
        main += f"<h3>{family.name}{form['fbtime']}年政府信息公开年报</h3><p>暂无数据</p>" if "fbtime" in form else ""
        return html(
            family, "政府信息公开年报", main + anchors({f"{family.name}2023年法治政府建设年度报告": "/fz/1.html"})
        )

    return pages | {path: choice, "/module/xxgk/": shell(own)}


def gkmlpt(family: Family) -> Pages:
    """The tree of columns stands in window._CONFIG, the lists are JSON."""
    pages = front(family, "/zwgk/", "/zn.html", entry="/gkmlpt/index")
    parts = {"政府信息公开指南": 5001, "法定主动公开内容": 5002, "政府信息公开年报": 5003, "法治政府建设年度报告": 5004}
    tree = [
        {
            "id": 5000,
            "name": "政府信息公开",
            "children": [{"id": i, "name": n, "children": []} for n, i in parts.items()],
        }
    ]
    config = f"window._CONFIG = {{ SID: '990006', TREE: {as_json(tree)}, DETAIL: null }};"
    pages["/gkmlpt/index"] = html(family, "政府信息公开目录", f'<div id="app"></div><script>{config}</script>')
    lists = {"5003": family.articles()}

    def found(category: str) -> Page:
        articles = lists.get(category, [])

        def answer(form: Form) -> str:
            start = (int(form.get("page", 1)) - 1) * SIZE
            rows = [
                {"id": a.number, "title": a.title, "url": f"http://{family.host}{a.path}", "publisher": family.name}
                for a in articles[start : start + SIZE]
            ]
            return as_json({"classify": {"post_count": len(articles)}, "total": len(articles), "articles": rows})

        return answer

    return pages | {f"/gkmlpt/api/all/{category}": found(str(category)) for category in parts.values()}


def lonsun(family: Family) -> Pages:
    """A script loads each list, as a piece of HTML that tells how many pages there are."""
    pages = front(family, "/public/", "/public/column/25772?type=3&amp;action=list")
    lists = {
        "25772": family.articles("government"),
        "25773": family.articles("department"),
        "25774": family.articles("town"),
    }
    lists = {organ: [a for a in found if a.scope or organ == "25772"] for organ, found in lists.items()}
    names = {"区政府": "25772", "区直部门": "25773", "东关街道": "25774"}
    bodies = {name: f"/public/column/{organ}?type=3&amp;action=list" for name, organ in names.items()}
    for organ in lists:
        data = f"""{{ siteId: "6781961", pageSize: "1", pageIndex: 1, action: "list", organId: "{organ}", type: "3",
  catIds: "", labelName: "publicInfoList", file: "/c1/xxgk/publicInfoList_newest" }}"""
        script = f'<div id="list"></div><script>Ls.ajax({{ url: "/site/label/8888", data: {data} }});</script>'
        pages[f"/public/column/{organ}"] = html(family, "政府信息公开年报", anchors(bodies) + script)

    def label(form: Form) -> str:
        parts = paged(lists.get(form.get("organId", ""), []), 3)
        page = int(form.get("pageIndex", 1))
        rows = listed(parts[page - 1]) if page <= len(parts) else ""
        return (
            f"<ul>{rows}</ul><script>Ls.pagination('#page', {{ pageIndex: {page}, pageCount: {len(parts)} }});</script>"
        )

    pages["/site/label/8888"] = label
    return pages


def openness(family: Family) -> Pages:
    """A frameset for home, a script that sends on to the platform, lists of page_1.html, page_2.html."""
    folder = "/OpennessContent/showList/784/34502/"
    pages = front(family, "/OpennessContent/", f"{folder}page_1.html", entry="/xxgk/")
    pages["/main.html"] = pages["/"]
    pages["/top.html"] = html(family, "首页", "<p>样例</p>")
    pages["/"] = '<html><frameset rows="90,*"><frame src="top.html"><frame src="main.html"></frameset></html>'
    pages["/xxgk/"] = shell("/OpennessContent/", "window.location.href = '{}';")
    articles = family.articles()
    return pages | static(family, _files(articles, f"{folder}page_1.html", folder + "page_{}.html"), articles)


def vsb(family: Family) -> Pages:
    """Boda: the first page is zfxxgknb.htm, the others count down to zfxxgknb/1.htm."""
    articles = family.articles()
    last = len(paged(articles)) - 1
    addresses = ["/xxgk/zfxxgknb.htm", *(f"/xxgk/zfxxgknb/{n}.htm" for n in range(last, 0, -1))]
    return front(family, "/xxgk.htm", addresses[0]) | static(family, addresses, articles)


def intensive(family: Family) -> Pages:
    """集约化: 1.html, 2.html …, and a folder for each kind of bodies."""
    root = "/zfxxgk/zfxxgknb/"
    pages = front(family, "/zfxxgk/", f"{root}1.html")
    kinds = {"各部门": ("bm", "department"), "镇(街道)": ("zj", "town")}
    for slug, scope in kinds.values():
        articles = [a for a in family.articles(scope) if a.scope]
        pages |= static(family, _files(articles, f"{root}{slug}/1.html", root + slug + "/{}.html"), articles)
    articles = family.articles("government")
    addresses = _files(articles, f"{root}1.html", root + "{}.html")
    pager = numbered(addresses) + anchors({name: f"{root}{slug}/1.html" for name, (slug, _) in kinds.items()})
    return pages | {url: column(family, part, pager) for url, part in zip(addresses, paged(articles), strict=True)}


def eportal(family: Family) -> Pages:
    """Folders of numbers for articles, a pager of javascript:next(2) that asks for ?currentPage=2."""
    root = "/yqrmzf/zwgk/zfxxgk/gknb69/index.html"
    pages = front(family, "/yqrmzf/zwgk/zfxxgk/index.html", root)
    parts = paged(family.articles())
    pager = "".join(f'<a href="javascript:next({n})">{n}</a>' for n in range(1, len(parts) + 1))
    pager += "<script>function next(n) { location.href = location.pathname + '?currentPage=' + n; }</script>"

    def page(form: Form) -> str | None:
        number = int(form.get("currentPage", 1))
        return column(family, parts[number - 1], pager) if number <= len(parts) else None

    pages[root] = page
    return pages


def query(family: Family) -> Pages:
    """Pages by query, their list in a frame of the column's page."""
    pages = front(family, "/zwgk/", "/zwgk/zfxxgknb/")
    pages["/zwgk/zfxxgknb/"] = html(
        family, "政府信息公开年报", '<iframe src="/InfoPublic.aspx?cid=1019&amp;pid=971"></iframe>'
    )
    parts = paged(family.articles())

    def page(form: Form) -> str | None:
        number = int(form.get("page", 1))
        following = urlencode({"cid": 1019, "pid": 971, "page": number + 1, "kw": ""})
        pager = f'<a href="?{following}">下一页</a>' if number < len(parts) else "下一页"
        return column(family, parts[number - 1], pager) if form.get("cid") == "1019" and number <= len(parts) else None

    pages["/InfoPublic.aspx"] = page
    return pages


def gongkai(family: Family) -> Pages:
    """A list that only a browser has: a script asks for both of its pages and makes the anchors."""
    root = "/gongkai/channel_000000000000000000990013/"
    pages = front(family, "/gongkai/", root)
    parts = paged(family.articles(), 7)
    script = f"""<ul id="list"></ul><script>
async function load() {{
  const list = document.getElementById("list");
  for (let page = 1; page <= {len(parts)}; page++) {{
    const answer = await fetch("/gongkai/api/list?channel=990013&page=" + page);
    for (const row of (await answer.json()).rows) {{
      const item = document.createElement("li"), anchor = document.createElement("a");
      anchor.href = row.path;
      anchor.textContent = row.name;
      item.appendChild(anchor);
      list.appendChild(item);
    }}
  }}
}}
load();
</script>"""
    pages[root] = html(family, "政府信息公开年报", script, '<meta name="ColumnType" content="信息公开年报">')

    def rows(form: Form) -> str:
        number = int(form.get("page", 1))
        found = parts[number - 1] if form.get("channel") == "990013" and number <= len(parts) else []
        return as_json({"rows": [{"path": a.path, "name": a.title} for a in found]})

    pages["/gongkai/api/list"] = rows
    return pages


FAMILIES = (
    Family("990001", "trs", "甲", trs, "/zwgk/zfxxgk/zfxxgknb/{folder}/{month}/t{day}_{id}.html"),
    Family("990002", "trs2", "乙", trs_from_two, "/zfxxgk/zfxxgknb/{month}/t{day}_{id}.shtml"),
    Family("990003", "trssearch", "丙", trs_search, "/zwgk/zfxxgk/zfxxgknb/{month}/t{day}_{id}.htm"),
    Family("990004", "hanweb", "丁", hanweb, "/art/{slashed}/art_1001_{id}.html"),
    Family("990005", "hanwebyears", "戊", hanweb_years, "/module/xxgk/xxgkAnnualReport.jsp?area={area}&fbtime={year}"),
    Family("990006", "gkmlpt", "己", gkmlpt, "/gkmlpt/content/8/{year}/post_{id}.html"),
    Family("990007", "lonsun", "庚", lonsun, "/public/25772/{id}.html"),
    Family("990008", "openness", "辛", openness, "/Xxgknb/show/{id}.html"),
    Family("990009", "vsb", "壬", vsb, "/info/1097/{id}.htm"),
    Family("990010", "intensive", "癸", intensive, "/zfxxgk/zfxxgknb/{long}.html"),
    Family("990011", "eportal", "子", eportal, "/yqrmzf/zwgk/zfxxgk/gknb69/{id}/index.html"),
    Family("990012", "query", "丑", query, "/InfoShow.aspx?id={id}"),
    Family("990013", "gongkai", "寅", gongkai, "/gongkai/channel_000000000000000000990013/doc_{hex}.html"),
    Family("990014", "empire", "卯", handlers.empire, "/e/action/ShowInfo.php?classid=174&id={id}"),
    Family("990015", "chooser", "辰", handlers.chooser, "/zwgk/zfxxgknb/{year}/{id}.html"),
    Family("990016", "handlers", "巳", handlers.handlers, "/zwgk/zfxxgknb/{id}.html"),
    Family(
        "990017", "apps", "午", handlers.apps, "/xxgk/nb/{month}/t{day}_{id}.htm", "/xxgk/nb/{month}/P{day}{id}.doc"
    ),
)
HOSTS = {family.host: family for family in FAMILIES}
EXPECTED = {family.code: family.expected for family in FAMILIES}
