"""Images in the text of a report's page, which may hold its tables: worth fetching where the page has no table itself.

The frame of a page is full of images too: logos, codes to scan, icons, ways to other pages. They are told by where they
stand, by their names, and by the size that the page gives them.
"""

import itertools
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml import etree

from parsers import form
from parsers.anchors import address
from parsers.html import lowered
from parsers.model import Document

IMAGE = re.compile(r"\.(?:png|jpe?g|gif|bmp|tiff?|webp)$", re.IGNORECASE)
MAX_IMAGES = 40  # of one page: a report that was scanned page by page has about ten
SOURCES = ("data-src", "data-original", "src")  # a page that loads images late has a stand-in in `src`

_PARAGRAPH = frozenset(("p", "figure"))  # what an editor puts an image into
_INLINE = frozenset(("a", "b", "center", "em", "font", "i", "picture", "section", "span", "strong", "u"))
_TEXT = re.compile(r"zoom|content|article|editor|detail|te?xt|neirong|con(?![a-z])", re.IGNORECASE)  # names of a text
_FRAME_TAGS = frozenset(("header", "footer", "nav", "aside", "form", "noscript"))
# Words of the names of what stands around a text, and of image files that are no part of one.
_FRAME = re.compile(
    r"header|head|top|banner|logo|nav|menu|footer|foot|bottom|copyright|share|qr|qrcode|ewm|erweima|weixin|wechat|wx|weibo"
    r"|icons?|ico|print|search|crumb|friend"
)
_DECORATION = re.compile(
    rf"{_FRAME.pattern}|ad|arrow|btn|button|bg|line|dot|code|loading|blank|spacer|red|blue|conac|jiucuo|beian|gongan|dzjg"
)
_CAPTION = re.compile(r"二维码|扫一?扫|图标|标识|logo", re.IGNORECASE)
_LEAST = {"width": 200, "height": 60}  # pixels, where the page says so: no table is smaller
_LABELS = 3  # labels of cols that make a table one of a form
_DEPTH = 100  # elements around an image that are looked at


def images(document: Document) -> list[tuple[str, str]]:
    """(address, caption) of each image that may show a table; of a small one that leads to a large one, the large."""
    if document.media_type != "html" or not _has_image(lowered(document.text)):
        return []
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    root = etree.fromstring(document.text.encode("utf-8", "replace"), parser)
    found = dict(itertools.islice(_images(root, document.url), MAX_IMAGES)) if root is not None else {}
    return list(found.items()) if found and not has_tables(document) else []


def _has_image(markup: bytes) -> bool:
    return any(mark in markup for mark in (b"<img", b".png", b".jp", b".gif", b".bmp", b".tif", b".webp"))


def has_tables(document: Document) -> bool:
    """Whether a page prints a table of a form, by the labels of its cols."""
    texts = set(re.split(r"<[^<>]*>", document.text))
    return len(form.header_words().intersection(form.canonical(t) for t in texts if len(t) < form.MAX_LABEL)) >= _LABELS


def _images(root: etree._Element, page: str) -> Iterator[tuple[str, str]]:
    base = next((str(tag.get("href")) for tag in root.iter("base") if tag.get("href")), "")
    start = address(page, base) or page
    for node in root.iter("img", "a"):
        url = address(start, _target(node))
        caption = " ".join(filter(None, (node.get("title"), node.get("alt"))))
        if url and IMAGE.search(urlsplit(url).path) and _is_of_text(node, caption, url):
            yield url, caption


def _target(node: etree._Element) -> str:
    """Where the image is that an <img> shows, or an <a> leads to."""
    names = SOURCES if node.tag == "img" else ("href",)
    return next((value for name in names if (value := str(node.get(name) or "").strip())), "")


def _is_of_text(node: etree._Element, caption: str, url: str) -> bool:
    around = list(itertools.islice(node.iterancestors(), _DEPTH))
    file = urlsplit(url).path.rpartition("/")[2]
    if _CAPTION.search(caption) or _is_small(node) or _has_word(file, _DECORATION):
        return False
    if any(one.tag in _FRAME_TAGS or _has_word(_name(one), _FRAME) for one in (node, *around)):
        return False
    if node.tag == "img" and any(one.tag == "a" and one.get("href") for one in around):
        return False  # it shows where a link leads to
    block = next((one for one in around if one.tag not in _INLINE), None)
    in_paragraph = block is not None and block.tag in _PARAGRAPH
    return node.tag == "a" or in_paragraph or any(_TEXT.search(_name(one)) for one in around)


def _name(node: etree._Element) -> str:
    return f"{node.get('id') or ''} {node.get('class') or ''}"


def _has_word(name: str, words: re.Pattern[str]) -> bool:
    """Whether one of `words` is a word of a name: topBar_2 is top and bar."""
    return any(words.fullmatch(word.lower()) for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name))


def _is_small(node: etree._Element) -> bool:
    """Whether the page gives it less room than a table needs."""
    style = str(node.get("style") or "")[:1000]
    for side, least in _LEAST.items():
        said = re.match(r"\s*(\d{1,5})(?:px)?\s*$", str(node.get(side) or ""))
        said = said or re.search(rf"(?<![\w-]){side}\s*:\s*(\d{{1,5}})(?:\.\d+)?px", style)
        if said and int(said[1]) < least:
            return True
    return False
