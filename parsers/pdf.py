"""Text PDF → its characters and rules (pypdfium2), of which `ruled` makes tables and prose."""

import ctypes
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium

from parsers import ruled
from parsers.model import Content, Document
from parsers.ruled import MAX_RULES, THIN, Char, Page, Rule

MAX_PAGES = 300  # a report has about ten
MAX_CHARS = 20_000  # a page of text has about a thousand
_INVISIBLE = 3  # the way in which scanners write their own reading behind a picture: nobody sees it, nor answers for it
_PICTURE = Page([], [], [], picture=True)


def read(document: Document) -> Content:
    """Ruled tables and the prose around them."""
    pdf = pypdfium2.PdfDocument(document.content)
    try:
        if len(pdf) > MAX_PAGES:
            raise ValueError(f"{len(pdf)} pages, more than {MAX_PAGES}")
        return ruled.content(_pages(pdf))
    finally:
        pdf.close()


def _pages(pdf: pypdfium2.PdfDocument) -> Iterator[Page]:
    offset = 0.0
    for page in pdf:
        yield _PICTURE if is_picture(page) else Page(list(_chars(page, offset)), *_rules(page, offset))
        offset += page.get_height()
        page.close()


def is_picture(page: pypdfium2.PdfPage) -> bool:
    """Whether a page has an image and no text to be seen."""
    kinds = (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_TEXT)
    image = False
    for found in page.get_objects(filter=kinds, max_depth=4):
        if found.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            image = True
        elif pdfium.FPDFTextObj_GetTextRenderMode(found) != _INVISIBLE:
            return False
    return image


def _chars(page: pypdfium2.PdfPage, offset: float) -> Iterator[Char]:
    text, height = page.get_textpage(), page.get_height()
    if text.count_chars() > MAX_CHARS:
        raise ValueError(f"a page of {text.count_chars()} characters, more than {MAX_CHARS}")
    box = pdfium.FS_RECTF()  # the loose box: the font's height, so that all of a line have one middle
    for i in range(text.count_chars()):
        code = pdfium.FPDFText_GetUnicode(text, i)
        if code < 32 or not pdfium.FPDFText_GetLooseCharBox(text, i, box):
            continue  # a line end that pdfium made up has no box
        x, y = (box.left + box.right) / 2, offset + height - (box.top + box.bottom) / 2
        text_of = "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)  # half a character is none
        yield Char(text_of, x, y, box.left, box.right, box.top - box.bottom)
    text.close()


def _rules(page: pypdfium2.PdfPage, offset: float) -> tuple[list[Rule], list[Rule]]:
    """Horizontal and vertical rules. A stroked rectangle has four; a filled one that is not thin is a background."""
    across: list[Rule] = []
    down: list[Rule] = []
    height = page.get_height()
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    for path in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH], max_depth=4):
        left, bottom, right, top = path.get_bounds()
        y0, y1 = offset + height - top, offset + height - bottom
        if y1 - y0 <= THIN < right - left:
            across.append(Rule((y0 + y1) / 2, left, right))
        elif right - left <= THIN < y1 - y0:
            down.append(Rule((left + right) / 2, y0, y1))
        elif pdfium.FPDFPath_GetDrawMode(path, fill, stroke) and stroke.value:
            across += [Rule(y0, left, right), Rule(y1, left, right)]
            down += [Rule(left, y0, y1), Rule(right, y0, y1)]
    return (across, down) if len(across) + len(down) <= MAX_RULES else ([], [])
