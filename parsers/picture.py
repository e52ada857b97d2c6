"""Tables that are pictures: an image, or pages of a PDF without text → grids.

Only what stands between rules is read; prose in pictures is not, as nothing could confirm it. What a cell says is the
engine's reading, and no fact until `confirm` says so. Needs the extra `ocr`.
"""

from collections.abc import Iterator

import pypdfium2

from parsers import numbers, ocr, pdf, pixels, ruled
from parsers.model import Content, Document
from parsers.pixels import Pixels, Sheet, Stroke, Text
from parsers.ruled import Char, Page, Rule

MAX_PAGES = 20  # read of one document; a report has about ten
MAX_CELLS = 3000  # of one document; a report's tables have about 400
DPI = 200
WIDTH = 500.0  # points: how wide an image is taken to be, as few say
SOMETHING = " "  # stands for prose
SHORT = 4  # characters: what is no number at first sight may be one at second
SURE = 0.9  # the engine's own measure; numbers that are well printed have more than 0.99


def read(document: Document) -> Content:
    """The ruled tables of an image, or of those pages of a PDF that are pictures. Raises ValueError."""
    return ruled.content(_pages(document))


def _pages(document: Document) -> Iterator[Page]:
    """All pages, so that places name those of the document; of one that is no picture only that there is something."""
    offset, cells = 0.0, 0
    for picture, width in _pictures(document):
        sheet = pixels.sheet(picture) if picture is not None else None
        page, height = _page(sheet, width, offset) if sheet else (_of_text(offset), 1.0)
        offset += height
        cells += len(page.chars)
        if cells > MAX_CELLS:
            raise ValueError(f"more than {MAX_CELLS} lines of text in tables")
        yield page


def _of_text(offset: float) -> Page:
    return Page([Char(SOMETHING, 0.0, offset, 0.0, 1.0, 1.0)], [], [])


def _pictures(document: Document) -> Iterator[tuple[Pixels | None, float]]:
    """Each page's picture, if it is one, and its width in points."""
    if document.media_type != "pdf":
        yield from ((picture, WIDTH) for picture in pixels.decode(document.content, MAX_PAGES))
        return
    opened = pypdfium2.PdfDocument(document.content)
    try:
        read = 0
        for page in opened:
            read += (pictured := pdf.is_picture(page))
            if read > MAX_PAGES:
                raise ValueError(f"more than {MAX_PAGES} pages that are pictures")
            width, height = page.get_size()
            scale = min(DPI / 72, (pixels.MAX_PIXELS / max(width * height, 1.0)) ** 0.5)
            yield page.render(scale=scale, grayscale=True).to_numpy().copy() if pictured else None, width
            page.close()
    finally:
        opened.close()


def _page(sheet: Sheet, width: float, offset: float) -> tuple[Page, float]:
    """The rules and the readings of a page, in points from `offset`, and the page's height.

    Prose is not read, but that there is some must be known: it ends a table that could go on with the next page.
    """
    point = width / sheet.paper.shape[1]
    across = [Rule(offset + (s.top + s.bottom) / 2 * point, s.left * point, s.right * point) for s in sheet.across]
    down = [Rule((s.left + s.right) / 2 * point, offset + s.top * point, offset + s.bottom * point) for s in sheet.down]
    lattices = list(ruled.lattices(across, down))

    def stroke(*edges: float) -> Stroke:
        left, top, right, bottom = (round(edge / point) for edge in edges)
        return Stroke(left, top, right, bottom)

    def char(text: str, at: Stroke | Text) -> Char:
        left, right, y = at.left * point, at.right * point, offset + (at.top + at.bottom) / 2 * point
        return Char(text, (left + right) / 2, y, left, right, (at.bottom - at.top) * point)

    boxes = (box for lattice in lattices for box in lattice.boxes([]))
    found = (pixels.text(sheet, stroke(b.left, b.top - offset, b.right, b.bottom - offset)) for b in boxes)
    chars = [char(_reading(text), text) for text in found if text]
    tables = [stroke(one.xs[0], one.ys[0] - offset, one.xs[-1], one.ys[-1] - offset) for one in lattices]
    chars += [char(SOMETHING, line) for line in pixels.prose(sheet, tables)]
    return Page(chars, across, down), sheet.paper.shape[0] * point


def _reading(text: Text) -> str:
    """A cell's text. Ink of which nothing can be read is not blank; a number must be read twice, and alike."""
    first = ocr.read(text.picture)
    label = numbers.squash(first.text)
    number = numbers.read(first.text).kind == "number"
    if not number and (text.lines > 1 or len(label) > SHORT):
        return first.text
    second = ocr.read(text.again)
    if number and text.lines == 1 and first.text == second.text and min(first.sure, second.sure) >= SURE:
        return first.text
    if number or numbers.read(second.text).kind == "number":
        return (first if number else second).text + ocr.UNSURE
    return first.text if label else ocr.UNSURE
