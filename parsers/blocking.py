"""Pages that answer instead of the page asked for: walls, challenges, logins, errors with status 200, stubs. They are
kept, named, and never read.

A page is judged by its status, then by what it says where it says little, sentence by sentence: an error page opens a
sentence with its message, a report that speaks of such things does so inside of one.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from lxml import etree

from parsers import numbers
from parsers.anchors import address
from parsers.heading import title_of
from parsers.model import Document

# What protection services answer with, among them 华为云 (418), 奇安信 (493) and 腾讯云 (566, 567).
_STATUSES = {401: "登录", 403: "拒绝访问", 405: "WAF", 412: "瑞数", 429: "请求过多", 521: "加速乐"}
_STATUSES |= dict.fromkeys((418, 493, 566, 567), "WAF")

_LONGEST = 2000  # characters of visible text; a real page has more
_SHORT = 400  # what a page shows at most that says one thing and no more
_BARE = 200  # what a page shows at most that waits for a script or a password
_NOTHING = 40  # 加载中, please wait
_ENOUGH = 20  # what two pages must show to be called the same
_MOST = 100_000  # characters of markup that are read, and of scripts
_READ = 4 << 20  # characters among which they are looked for
_SENTENCE = 120
_SMALL = 20_000  # a page whose script sends the reader on is no longer

# --- what such pages say ----------------------------------------------------------------------------------------------

_POLITE = re.compile(
    r"(?i)\W*+(?:(?:非常|十分|很|真)?(?:对不起|抱歉|遗憾)|sorry|oops|(?:温馨|友情|系统|错误|安全|拦截)?提示(?:信息|您)?"
    r"|您好|注意|警告|哎呀|啊哦|糟糕|尊敬的(?:用户|访客|网友)|创宇盾提示您?|错误(?:信息|原因|代码)?|error)?+\W*+"
)
_PARTS = {
    # After a phrase that may open a sentence of prose as well: nothing more, or a mark and a remark.
    "<END>": r"(?:了|啦|哦|呢)?(?:[^\w、].{0,80}|或.{0,40}|请.{0,40})?$",
    "<PAGE>": r"(?:网页|页面|文章|内容|信息|地址|网址|链接|栏目|文件|资源|稿件|网站|站点|url|路径|数据)",
    "<SITE>": r"(?:网站|站点|栏目|页面|网页|平台|系统|频道|专栏|内容|服务器)",
    "<WORKS>": r"(?:建设|制作|施工|筹建|改版|升级|维护|调试|迁移|整改|开发)(?:改造|维护|升级|建设|改版)?",
    "<MAYBE>": r"(?:可能|暂时|已经?|目前|好像|似乎|现在|并)*",
    "<GONE>": r"(?:不存在|找不到|未找到|没有?找到|无法(?:找到|访问|打开|显示|获取)|打不开|丢失|丢了|失效|飞走|迷路"
    r"|走[丢失]|(?:被|已经?)(?:删除|移除|移动|下线|撤销|撤回|下架|过期)|未发布|未开放)(?!的|等|一类|情况|问题|、)",
    "<REFUSED>": r"(?:拦截|阻断|拒绝|禁止|屏蔽|封禁|封锁|列入)",
    "<VISIT>": r"(?:访问|请求|操作|提交|浏览|刷新|点击|ip)",
}


def _words(lines: str) -> re.Pattern[str]:
    """One alternative a line."""
    joined = "|".join(f"(?:{line.strip()})" for line in lines.strip().splitlines())
    for name, part in _PARTS.items():
        joined = joined.replace(name, part)
    return re.compile(joined, re.IGNORECASE)


_WALL = _words(r"""
    (?:由于|因为?)?(?:您|你|当前|本次)的?.{0,4}<VISIT>.{0,70}[被遭由].{0,24}<REFUSED>
    (?:系统)?检[测查]到.{0,60}被.{0,20}<REFUSED>
    (?:该|此)?<VISIT>(?:已经?)?被.{0,24}<REFUSED>
    (?:您|你|当前|最近)(?:的|有|当前|本次|提交)*(?:<VISIT>|行为|内容|可疑).{0,24}(?:异常|疑似|可疑|攻击|恶意|不合法|非法)
    请求(?:存在|包含|疑似).{0,20}(?:恶意|攻击|非法)
    (?:拒绝访问|禁止(?:境外|外部)?访问|访问(?:被拒绝?|受限|被限制|被禁止|异常)|安全拦截|拦截(?:提示|页面?))<END>
    (?:网站|web|应用)*防火墙<END>
    (?:您|你)(?:没有|暂无|无)权限?(?:访问|查看|浏览)
    (?:您|你|本|该|由于|来自|境外|海外).{0,12}(?:地区|区域|国家|境外|海外|境内|大陆).{0,24}(?:无法|不能|禁止|限制|不可|仅限)访问
    本?网?站?仅限.{0,10}(?:境内|大陆|内网).{0,8}访问<END>
    (?:您|你|ip|当前|系统).{0,15}<VISIT>(?:次数|速度|频率)?的?(?:过于|太|过)(?:频繁|快|多|高|频)
    <VISIT>(?:次数|速度|频率)?(?:过于|太|过)(?:频繁|快|多|高|频)<END>
    request rejected|the requested url was rejected|too many requests|rate limit exceeded
    access (?:to .{1,60} )?(?:is |was |has been )?denied|attention required|request unsuccessful|incapsula incident
    (?:the |this |your )?(?:request|ip(?: address)?|page|url) (?:has been|was|is) (?:blocked|denied|forbidden|banned)
    you (?:don't have permission to access|have been blocked)|web page blocked|error 10(?:06|09|10|12|15|20)\b
    40[135] (?:forbidden|unauthorized|(?:method )?not allowed)
""")
_PROOF = _words(r"""
    请(?:先|您)?(?:在下方)?(?:完成|进行|通过|拖动|滑动|按住|点击|向右|依次).{0,20}(?:验证|滑块|拼图)
    为(?:了|保障|确保|防止|保证|更好).{0,30}(?:请|需要?).{0,16}验证
    (?:安全|人机|访问|滑动|滑块|浏览器)(?:验证码?|识别|检测|检查|校验)(?:页面?|中心|中)?<END>
    正在(?:为您)?(?:进行)?(?:安全|环境|浏览器|人机)*(?:检测|验证|检查|校验)
    请输入.{0,8}验证码.{0,8}(?:继续|访问)
    just a moment|checking your browser|verify(?:ing)? (?:that )?you are (?:a )?human|are you a robot
    (?:please )?complete the (?:security check|captcha)|ddos protection by
    请(?:先|您)?(?:开启|启用|打开|允许).{0,6}(?:javascript|脚本|cookie)|(?:please )?enable (?:javascript|js|cookies)
""")
_NOT_FOUND = _words(r"""
    (?:您|你)(?:当前|所|想|要|正在|试图|请求|访问|查找|寻找|浏览|查看|打开|输入|需要|点击|的){1,8}<PAGE>.{0,70}?<GONE>
    (?:该|此|这个|这篇|本|当前)<PAGE><MAYBE><GONE>
    (?:页面?|网页|文章|网址|url)<MAYBE><GONE><END>
    (?:[找查]不到|[未没]有?找到|(?:无法|未能)(?:找到|显示))(?:您|该|此|所|请求|访问|的)*(?:网页|页面?|文件|站点|网站)<END>
    (?:http |status |http ?错误 ?|错误代码)*\W?4(?:04|10)[-–—:：.,， ]*(?:错误|页|[找未无没不您抱对]|not ?found|error)
    (?:the )?(?:page|file|resource|url|document)(?: [\w',/.-]{1,60}){0,9} (?:not|n't) (?:be )?(?:found|exist)
    not found$|object not found|the requested (?:url|resource|page).{0,90} (?:not found|not available)
""")
_ERROR = _words(r"""
    (?:页面?|网页|系统|程序|服务器|网站|内部|运行|访问)*(?:出错|报错|发生(?:未知)?(?:错误|异常))<END>
    (?:系统|服务器(?:内部)?|程序|数据库(?:连接)?|网关|未知|参数|内部)(?:错误|异常|繁忙|故障|失败|非法|有误)<END>
    (?:错误|出错)页面?<END>|非法(?:参数|请求|访问|操作)<END>|(?:网站|系统|页面|服务)(?:暂时)?(?:无法访问|不可用)<END>
    (?:http |status |error )*50[0-4][ :–—-]+(?:internal|bad gateway|service|gateway|错误|服务器)
    (?:internal )?server error|bad (?:gateway|request)|service unavailable|whitelabel error|runtime error
""")
_STUB = _words(r"""
    (?:本|该|此)?<SITE>(?:正在|正|目前|暂时|现|处于|进行|紧张|全面)*<WORKS>(?:之|当)?中<END>
    (?:本|该|此)?<SITE>?正在(?:进行|紧张|全面|地)*<WORKS>(?:之?中)?<END>
    .{0,24}<SITE>.{0,12}<WORKS>.{0,50}(?:暂停|停止|暂时|无法|不能|关闭|中断).{0,10}(?:服务|访问|使用|开放)
    (?:系统|网站|平台)(?:维护|升级)+<END>|建设中<END>
    (?:该|此|本|您访问的)(?:域名|网站|站点|主机).{0,30}(?:[过到]期|停放|出售|转让|未备案|未绑定|关闭|关停|停止服务|暂停)
    (?:域名|网站|站点|主机)(?:已经?)?(?:[过到]期|停放|出售|转让|暂停|停用|关闭|未备案)<END>
    (?:this|the) (?:domain|site|website|page).{0,40} (?:for sale|expired|parked|under (?:construction|maintenance))
    buy this domain|under construction|coming soon|(?:site |website )?(?:is )?under maintenance|account suspended
    welcome to (?:nginx|openresty|tengine|caddy|centos)|iis ?[\d.]+$|iis windows|internet information services
    apache.{0,20} default page|test page for|it works|apache tomcat(?:/[\d.]+)?<END>|you've successfully installed
    恭喜.{0,4}站点创建成功|default (?:web |site )*page
""")
_SAYINGS = {"block page": _WALL, "challenge": _PROOF, "page not found": _NOT_FOUND, "error page": _ERROR, "stub": _STUB}
_ANY_STATUS = ("block page", "challenge")  # the others say no more than the status does, where that is an error
_SAYS_LITTLE = ("challenge", "error page", "stub")  # in the title, or where the page says little more
_WORD = re.compile(r"\W*(?:ok|error|null|undefined|success|fail(?:ed)?|forbidden|test|[45][01]\d)\W*", re.IGNORECASE)
_CODE = re.compile(r"(?:http )?(?:error )?[45][01]\d(?: ?(?:error|错误))?", re.IGNORECASE)
_LOGIN = re.compile(r"身份认证|单点登[录陆]|登[录陆]|\b(?:sign|log) ?in\b|authentication", re.IGNORECASE)
_LOG_IN = re.compile(
    r"(?i)请?您?(?:先|重新|尚未|还未|还没有|未)+登[录陆]|(?:登[录陆]|会话)(?:已经?)?(?:超时|过期|失效)"
    r"|(?:your )?session (?:has )?expired|please (?:log|sign) ?in"
)
_BESIDE_LOGIN = re.compile(r"(?i)密码|注册|登[录陆]|认证|扫码|帮助|手册|返回|首页|下载|sign|log|help|forgot|register")
_EMPTY_LIST = re.compile(r"暂无|没有(?:相关|符合|任何)|共\s?0\s?[条篇]")
_SECTION = re.compile(r"总体情况|行政复议|行政诉讼|主要问题|其他需要报告|统计期限")

# What their scripts hold.
_CHALLENGE = re.compile(
    r"\$_ts\b|__jsl_clearance|_cf_chl_opt|/challenge-platform/h/\w/orchestrate|\bacw_sc__v\d|\bvar arg1='[0-9A-F]{20}"
    r"|Yun[Ss]uoAutoJump|security_verify_data|wzws[-_]waf|wzwsquestion|/_guard/\w{1,20}\.js|\bC3VK=|_____tmd_____"
    r"|\b(?:huadong|renji)_[0-9a-f]{8}"
)
# These may also stand in the script of a page that it builds.
_OBFUSCATED = re.compile(r"eval\(function\(p,a,c,k,e|\b_0x[0-9a-f]{4,6}\b|[\[\]()!+]{80}")
_COOKIE = re.compile(r"document\.cookie\s*=(?!=)")
_AGAIN = re.compile(r"location\.reload\s*\(|location(?:\.href)?\s*=\s*(?:(?:window|self|top|document)\.)?location\b")
_GO = r"\b(?:location(?:\.href)?\s*=(?!=)|location\.(?:replace|assign)\s*\(|window\.open\s*\()"
_GOES, _TARGET = re.compile(_GO), re.compile(_GO + r"""\s*["']([^"'<>]{1,500})["']""")
_SUPPORT_ID = re.compile(r"(?i)enable javascript to view the page content")
_NO_SCRIPT = re.compile(
    r"(?i)(?:开启|启用|打开|允许).{0,6}javascript.{0,12}(?:刷新|重试|继续|cookie)"
    r"|enable (?:javascript|js|cookies).{0,60}(?:continue|refresh|reload|proceed|ad blocker|cookies)"
)

# --- what a page shows ------------------------------------------------------------------------------------------------

_UNSHOWN = re.compile(r"<(!--|script\b|style\b)", re.IGNORECASE)
_ENDS = {"!--": re.compile("-->")} | {name: re.compile(rf"(?i)</{name}[^<>]*>?") for name in ("script", "style")}
_SCRIPT = re.compile(r"\s*<script\b", re.IGNORECASE)  # a challenge is often nothing else
_EXTERNAL = re.compile(r"<script\b[^<>]*\bsrc\s*=", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_REFRESH = re.compile(r"\s*\d*\s*[;,]\s*url\s*=", re.IGNORECASE)
_ARTICLE = re.compile(r"(?i)(?:\d{4,}|[0-9a-f]{16,})\.\w{2,5}$|\.(?:pdf|docx?|wps|xlsx?|ofd|zip|rar)$")
_MOUNT = re.compile(r"(?:\w{1,12}-)?(?:app|root)(?:-\w{1,12})?|__nuxt|__next|___gatsby")
_INLINE = frozenset(("a", "b", "big", "em", "font", "i", "label", "small", "span", "strong", "sub", "sup", "u"))
_UNSEEN = frozenset(("template", "noscript", "title", "select", "textarea", "object", "svg"))
_FRAMES = frozenset(("frame", "iframe", "embed", "object"))
_BLANK = frozenset(("html", "head", "meta", "title", "link", "base", "body", "p", "br", "center"))
_PICTURES = frozenset(("img", "canvas", "svg", "video"))


@dataclass(slots=True)
class _Page:
    """What a reader sees of a page. `said` is without its links, whose texts (`linked`) are titles of other pages."""

    shown: str = ""
    said: str = ""
    linked: str = ""
    title: str = ""
    noscript: str = ""
    scripts: str = ""
    tags: set[str] = field(default_factory=set)
    links: int = 0
    articles: bool = False  # some of its links lead to articles or files
    password: bool = False
    sent_on: bool = False
    mount: bool = False  # there is a place where a script builds its page
    cut: bool = False
    length: int = 0


@functools.lru_cache(2)  # several questions are asked of one page
def _look(html: str, most: int = _LONGEST) -> _Page | None:
    """None for a page that shows more than `most` characters."""
    page = _Page()
    markup = _without_scripts(html[:_READ], page)
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    root = etree.fromstring(markup.encode("utf-8", "replace"), parser) if markup.strip() else None
    texts, length = list[tuple[str, bool]](), 0
    for text, linked in _texts(root, page) if root is not None else ():
        texts.append((text, linked))
        length += len(text) if not text.isspace() else 0
        if length > most:
            return None
    page.shown = "".join(text for text, _ in texts)
    page.length = len(numbers.squash(page.shown))
    page.said = "".join("\n" if linked else text for text, linked in texts)
    page.linked = "".join(text if linked else "\n" for text, linked in texts)
    return page


def _without_scripts(html: str, page: _Page) -> str:
    """The markup without scripts, styles and comments, which may be longer than all the rest."""
    parts, at, length = list[str](), 0, 0
    while length < _MOST and (found := _UNSHOWN.search(html, at)):
        parts.append(html[at : found.start()])
        length += found.start() - at
        name = found[1].lower()
        end = _ENDS[name].search(html, found.end() - 2)  # "<!-->" is a whole comment
        at = end.end() if end else len(html)
        if name == "script" and len(page.scripts) < _MOST:
            page.scripts += html[found.start() : min(at, found.start() + _MOST)]
    markup = "".join(parts) + html[at : at + _MOST]
    page.cut = len(markup) > _MOST or at + _MOST < len(html) or len(html) == _READ
    return markup[:_MOST]


def _texts(root: etree._Element, page: _Page) -> Iterator[tuple[str, bool]]:
    """The visible texts in order, each with whether it is a link's; notes in `page` what there is beside text."""
    anchors = 0
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, node in walker:
        if event == "start":
            anchors += node.tag == "a"
            if _note(node, page):
                walker.skip_subtree()
            elif node.text:
                yield node.text, anchors > 0
        else:
            anchors -= node.tag == "a"
            if node.tag not in _INLINE:
                yield "\n", False
            if node.tail:
                yield node.tail, anchors > 0


def _note(node: etree._Element, page: _Page) -> bool:
    """Notes one element; returns whether a reader does not see what is in it."""
    tag, named = str(node.tag), node.attrib
    if tag == "noscript":
        page.noscript += " ".join(map(str, node.itertext()))
    elif tag == "title" and not page.title:
        page.title = " ".join("".join(map(str, node.itertext())).split())
    elif tag == "meta" and str(named.get("http-equiv", "")).lower() == "refresh":
        page.sent_on |= bool(_REFRESH.match(str(named.get("content", ""))[:100]))
    page.mount |= "id" in named and bool(_MOUNT.fullmatch(str(named["id"])))
    if "hidden" in named or ("style" in named and _HIDDEN.search(str(named["style"]))):
        return True
    page.tags.add(tag)
    if tag == "a" and not str(named.get("href", "#")).lower().startswith(("#", "javascript:")):
        page.links += 1
        page.articles |= bool(_ARTICLE.search(str(named["href"])[-60:]))
    page.password |= tag == "input" and str(named.get("type", "")).lower() == "password"
    return tag in _UNSEEN


# --- the three questions ----------------------------------------------------------------------------------------------


def reason(status: int, document: Document) -> str | None:
    """Why this is a block page, or None. A page that waits for its script (`shell`) is none."""
    if status in _STATUSES:
        return f"HTTP {status} ({_STATUSES[status]})"
    page = _look(document.text) if document.media_type == "html" or _SCRIPT.match(document.text) else None
    if page is None or _is_report(page):
        return None
    found = _says(page, document, status) or _challenge(page, document)
    if found or not 200 <= status < 300:
        return found
    return _login(page) or _shows_nothing(page, document)


def shell(document: Document) -> bool:
    """Whether a reader sees nothing of this page until a script has built it, and it sends him nowhere by itself."""
    page = _look(document.text) if document.media_type == "html" else None
    if page is None or page.cut or not page.scripts or page.length > _NOTHING:
        return False
    if page.links or page.sent_on or page.tags & _FRAMES or _says(page, document, 200) or _challenge(page, document):
        return False
    return page.mount or not (page.tags & _PICTURES or _scripted_away(document))


def same(document: Document, nowhere: Document) -> bool:
    """Whether a page is what the site says to an address that does not exist, as it said at `nowhere`.

    Compared is what a reader sees, without what differs from one answer to the next: white space, words with digits in
    them, weekdays, and the address itself. A site that answers every unknown address with its home page makes its home
    page the same too: whoever asks must know which pages are not in doubt.
    """
    if document.media_type != "html" or nowhere.media_type != "html":
        return bool(document.content) and document.content == nowhere.content
    said = _bare(document)
    return len(said) >= _ENOUGH and said == _bare(nowhere)


def _bare(document: Document) -> str:
    page = _look(document.text, _MOST)
    text = f"{page.title}\n{page.shown}" if page else ""
    parts = urlsplit(document.url)
    for own in (document.url, f"{parts.path}?{parts.query}", parts.path, parts.path.rpartition("/")[2]):
        for written in (own, unquote(own)):
            text = text.replace(written, "") if len(own) > 2 else text
    text = re.sub(r"[0-9A-Za-z_-]+", lambda word: "" if re.search(r"\d", word[0]) else word[0], text)
    return re.sub(r"(?:星期|周)[一二三四五六日天]|[上下]午", "", numbers.squash(text))


# --- how they are answered --------------------------------------------------------------------------------------------


def _says(page: _Page, document: Document, status: int) -> str | None:
    """The sentence that tells what the page is: a wall's before any other, the page's own before its title's."""
    answered, short = 200 <= status < 300, page.length <= _SHORT and not page.articles
    leads_on = page.sent_on or page.articles or page.tags & _FRAMES or _scripted_away(document)
    sentences = list(_sentences(page))
    for what, words in _SAYINGS.items():
        if not (answered or what in _ANY_STATUS) or (what == "stub" and (leads_on or _EMPTY_LIST.search(page.shown))):
            continue
        for sentence, in_title in sentences:
            if (short or in_title or what not in _SAYS_LITTLE) and _opens(words, sentence):
                return f"{what}: “{sentence[:80]}”"
    codes = (sentence for sentence, in_title in sentences if answered and in_title and _CODE.fullmatch(sentence))
    return next((f"error page: “{code}”" for code in codes), None)


def _opens(words: re.Pattern[str], sentence: str) -> re.Match[str] | None:
    polite = _POLITE.match(sentence)
    return words.match(sentence, polite.end() if polite else 0) or words.match(sentence)


def _sentences(page: _Page) -> Iterator[tuple[str, bool]]:
    """What the page says, then its title, whole and part by part; each with whether it is the title's."""
    for part in re.split(r"[\n\r。！!？?；;|]+", page.said):
        sentence = " ".join(part.split())
        if 1 < len(sentence) <= _SENTENCE:
            yield sentence, False
    title = page.title[:_SENTENCE]
    for part in filter(None, dict.fromkeys((title, *re.split(r"\s*[-_|–—!！]\s*", title)))):
        yield part, True


def _is_report(page: _Page) -> bool:
    """A page that bears or lists the title of a report, or has its sections, is what we came for, whatever it says."""
    parts = (page.title, *re.split(r"\s*[-_|–—]\s*", page.title[:_SENTENCE]), *page.shown.split("\n"))
    return any(title_of(part) for part in parts if 8 < len(part) < 100) or len(set(_SECTION.findall(page.said))) > 1


def _challenge(page: _Page, document: Document) -> str | None:
    """A script that wants to know a browser before it lets the reader in."""
    if not page.scripts or page.length >= _BARE or page.links or page.tags & _FRAMES:
        return None
    found = _CHALLENGE.search(page.scripts) or _SUPPORT_ID.search(page.noscript)
    if not found and not (page.mount or page.sent_on or _EXTERNAL.search(page.scripts)):
        found = _NO_SCRIPT.search(page.noscript) or _comes_again(document.url, page.scripts)
        found = found or (None if page.shown.strip() else _OBFUSCATED.search(page.scripts))
    return f"challenge by script: “{found[0][:80]}”" if found else None


def _comes_again(url: str, script: str) -> re.Match[str] | None:
    """Where a script sets a cookie, if it then asks for the same page once more."""
    cookie = _COOKIE.search(script)
    if not cookie or _AGAIN.search(script, cookie.end()):
        return cookie
    target = _TARGET.search(script)
    return cookie if target and address(url, target[1]) == url else None


def _login(page: _Page) -> str | None:
    if page.sent_on or page.articles or page.length > _SHORT or page.links > 12 or _EMPTY_LIST.search(page.shown):
        return None
    if page.password and _LOGIN.search(page.title):
        return f"login page: “{page.title[:80]}”"
    other_pages = any(not _BESIDE_LOGIN.search(text) for text in page.linked.split("\n") if text.strip())
    if page.length > _BARE or other_pages:
        return None
    if page.password:
        return "login page: “password”"
    return next((f"login page: “{said}”" for said, _ in _sentences(page) if _opens(_LOG_IN, said)), None)


def _shows_nothing(page: _Page, document: Document) -> str | None:
    """A page with one word on it, or with nothing: no fragment that a list asked for, and no list without entries."""
    shown = page.shown.strip()
    if page.scripts or page.cut or page.sent_on or page.links:
        return None
    if _WORD.fullmatch(shown[:_NOTHING]) and len(shown) < _NOTHING:
        return f"stub: “{shown}”"
    bare = not shown and page.tags <= _BLANK and re.search(r"(?i)<(?:html|body)\b", document.text[:_MOST])
    return f"stub: {len(document.text)} characters that show nothing" if bare else None


def _scripted_away(document: Document) -> bool:
    return len(document.text) <= _SMALL and bool(_GOES.search(document.text))
