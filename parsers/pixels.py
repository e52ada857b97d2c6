"""Pixels of a page → its straightened picture, the rules drawn on it, and the lines of text within a box.

Needs the extra `ocr`, whose engine brings numpy, OpenCV and Pillow: `picture` imports this when it is there.
"""

import io
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError
from PIL.Image import open as image_open

from parsers import ocr

Pixels: TypeAlias = Any  # an array of rows × cols, grey; where the extra is not installed no type tells more

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")
MAX_PIXELS = 40_000_000  # A4 at 600 dpi has 35 million
MAX_SCALED = 16_000_000  # pixels, of what is looked at
MAX_ENLARGED = 4.0
MIN_SIDE = 16  # pixels
MIN_RULE = 20  # pixels
SIZE = 26  # pixels: the height of characters at which pictures are looked at
MAX_SKEW = 2.0  # degrees
MAX_STROKES = 1000  # more on a page, one way, are a drawing
MAX_THICK = 16  # pixels
NEAR = 4  # pixels between strokes that meet
PAGE_NUMBER = 6  # characters: "— 12 —"
SPECK = 0.25  # of a character's height: what is smaller is no ink
MARGIN = 0.2  # of a line's height, around it
FAINT = 14  # of 255: what is not as dark is paper
TEXT = 0.35  # of the darkest ink on the page


class Stroke(NamedTuple):
    """A rule as drawn: the pixels from (left, top) up to (right, bottom)."""

    left: int
    top: int
    right: int
    bottom: int


class Text(NamedTuple):
    """What is written in a cell: where, in how many lines, and its picture as the engine wants it, twice: `again` is
    smaller and softer."""

    left: int
    top: int
    right: int
    bottom: int
    lines: int
    picture: Pixels
    again: Pixels


class Sheet(NamedTuple):
    """A straightened page: black on white without its rules, which are `across` and `down`; `ink` marks the text,
    whose usual height is `size`."""

    paper: Pixels
    ink: Pixels
    size: float
    across: list[Stroke]
    down: list[Stroke]


def decode(content: bytes, frames: int) -> Iterator[Pixels]:
    """The pages of a picture, grey. Only a TIFF has several; of what moves the first is taken."""
    with _opened(content) as image:
        pages = ImageSequence.Iterator(image) if image.format == "TIFF" else iter([image])
        for number, page in enumerate(pages, 1):
            if number > frames:
                raise ValueError(f"more than {frames} pages")
            if page.width * page.height > MAX_PIXELS:
                raise ValueError(f"a picture of {page.width} × {page.height} pixels")
            yield np.asarray(_on_white(ImageOps.exif_transpose(page)).convert("L"))


def _opened(content: bytes) -> Image.Image:
    try:
        return image_open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError:  # whose text names a place in memory
        raise ValueError("its bytes make no picture") from None


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    return white


def sheet(grey: Pixels) -> Sheet:
    grey = _scaled(grey)
    grey = _turned(grey, _skew(_darkness(grey)))
    dark = _darkness(grey)
    across, down = _rules(dark, _size(_ink(dark)))
    for stroke in (*across, *down):  # with a pixel around, where a rule's edge is not sharp
        dark[max(stroke.top - 1, 0) : stroke.bottom + 1, max(stroke.left - 1, 0) : stroke.right + 1] = 0
    ink = _ink(dark)
    paper = 255 - np.clip(dark.astype(np.float32) * (255 / _darkest(dark)), 0, 255).astype(np.uint8)
    return Sheet(paper, ink, _size(ink), across, down)


def _scaled(grey: Pixels) -> Pixels:
    """With characters of about SIZE: the engine, and what is a rule and what a stroke of a character, depend on it."""
    if min(grey.shape) < MIN_SIDE:
        raise ValueError(f"a picture of {grey.shape[1]} × {grey.shape[0]} pixels")
    size = _size(_ink(_darkness(grey))) or SIZE
    factor = min(SIZE / size, MAX_ENLARGED, (MAX_SCALED / grey.size) ** 0.5)
    if factor < 0.75 or factor > 1.25:
        way = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=way)
    return grey


def _ink(dark: Pixels) -> Pixels:
    return (dark > TEXT * _darkest(dark)).astype(np.uint8)


def _darkest(dark: Pixels) -> float:
    marks = dark[dark > FAINT]
    return max(float(np.percentile(marks, 95)) if marks.size else 0.0, 3.0 * FAINT)


def _darkness(grey: Pixels) -> Pixels:
    """How much darker than the paper around it each pixel is: shaded cells and the shadows of a scan are paper."""
    small = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    ground = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
    ground = cv2.blur(ground, (9, 9))
    return cv2.subtract(cv2.resize(ground, grey.shape[::-1], interpolation=cv2.INTER_LINEAR), grey)


def _skew(dark: Pixels) -> float:
    """By how many degrees the long strokes across run downhill, 0 where there are none."""
    factor = min(1.0, 1600 / max(dark.shape))
    small = cv2.resize(dark, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    runs = cv2.morphologyEx((small > _faint(small)).astype(np.uint8), cv2.MORPH_OPEN, np.ones((1, 15), np.uint8))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(runs)
    wide = np.flatnonzero(boxes[:, cv2.CC_STAT_WIDTH] > small.shape[1] * 0.25)
    slopes = []
    for label in wide[wide > 0][:MAX_STROKES].tolist():
        x, y, width, height, _ = boxes[label].tolist()
        down, along = np.nonzero(labels[y : y + height, x : x + width] == label)
        slopes.append(float(np.polyfit(along, down, 1)[0]))
    found = math.degrees(math.atan(float(np.median(slopes)))) if slopes else 0.0
    return found if abs(found) <= MAX_SKEW + 0.5 else 0.0


def _turned(grey: Pixels, degrees: float) -> Pixels:
    if abs(degrees) < 0.03:
        return grey
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(grey, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _rules(dark: Pixels, size: float) -> tuple[list[Stroke], list[Stroke]]:
    """Long strokes across and down, each from one of the other kind to another: strokes of characters end short.

    What is no longer than a character is wide or high rules off no cell.
    """
    across = _strokes(dark, round(max(2.5 * size, MIN_RULE)), down=False)
    down = _strokes(dark, round(max(1.1 * size, MIN_RULE)), down=True)
    down = [piece for d in down for piece in _pieces(dark, d, across, size)]
    flipped = [_flipped(d) for d in down]
    across = [_flipped(piece) for a in across for piece in _pieces(dark.T, _flipped(a), flipped, size)]
    return across, [piece for d in down for piece in _pieces(dark, d, across, size)]


def _strokes(dark: Pixels, length: int, down: bool) -> list[Stroke]:
    """Runs of at least `length` pixels; gaps of half of that are closed, and a slant of a pixel is none."""

    def kernel(along: int, beside: int) -> Pixels:
        return np.ones((along, beside) if down else (beside, along), np.uint8)

    mask = (dark > _faint(dark)).astype(np.uint8)
    runs = cv2.morphologyEx(cv2.dilate(mask, kernel(1, 3)), cv2.MORPH_OPEN, kernel(length, 1))
    runs = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, kernel(length // 2, 1))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(runs)
    found = [Stroke(x, y, x + w, y + h) for x, y, w, h, _ in boxes[1:].tolist() if min(w, h) <= MAX_THICK]
    return found if len(found) <= MAX_STROKES else []


def _faint(dark: Pixels) -> float:
    """How dark a rule is at least: tables of web pages have light grey ones, and scans have noise."""
    sample = dark[::3, ::3]
    return max(FAINT, 6 * float(np.mean(sample[sample < 2 * FAINT])))


def _flipped(stroke: Stroke) -> Stroke:
    return Stroke(stroke.top, stroke.left, stroke.bottom, stroke.right)


def _pieces(dark: Pixels, down: Stroke, across: list[Stroke], size: float) -> list[Stroke]:
    """A stroke down as far as it runs from one across to the next without a break."""
    met = sorted((a for a in across if _meet(down, a)), key=lambda a: a.top)
    found: list[Stroke] = []
    for above, below in pairwise(met):
        top, bottom = above.bottom, below.top
        profile = dark[top:bottom, down.left : down.right].max(axis=1) if bottom - top > 3 else None
        if profile is None or np.percentile(profile, 4) >= max(0.7 * FAINT, 0.4 * float(np.median(profile))):
            start = found.pop().top if found and found[-1].bottom == above.bottom else above.top
            found.append(down._replace(top=start, bottom=below.bottom))
    return [piece for piece in found if piece.bottom - piece.top > size]


def _meet(one: Stroke, other: Stroke) -> bool:
    return (
        one.left - NEAR <= other.right
        and other.left - NEAR <= one.right
        and one.top - NEAR <= other.bottom
        and other.top - NEAR <= one.bottom
    )


def _size(ink: Pixels) -> float:
    """The usual height of a character."""
    _, _, boxes, _ = cv2.connectedComponentsWithStats(ink)
    heights = boxes[1:, cv2.CC_STAT_HEIGHT]
    heights = heights[(heights >= 6) & (heights <= 120)]
    return float(np.percentile(heights, 70)) if len(heights) else 0.0


def text(sheet: Sheet, box: Stroke) -> Text | None:
    """What is written in a box; None where it is blank."""
    inside = sheet.paper[box.top : box.bottom, box.left : box.right]
    ink = sheet.ink[box.top : box.bottom, box.left : box.right]
    if not ink.size or not sheet.size:
        return None
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(ink)
    keep = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) >= SPECK * sheet.size
    keep[0] = False
    ink = keep[labels]
    places = [_place(ink, *run, sheet.size) for run in _runs(ink.any(axis=1), sheet.size)]
    if not places:
        return None
    soft = cv2.GaussianBlur(inside, (3, 3), 0)
    pictures = (_strip(inside, places, MARGIN), _strip(soft, places, 2 * MARGIN))
    left, top, right, bottom = (
        f(edge) for f, edge in zip((min, min, max, max), zip(*places, strict=True), strict=True)
    )
    return Text(box.left + left, box.top + top, box.left + right, box.top + bottom, len(places), *pictures)


def prose(sheet: Sheet, tables: list[Stroke]) -> list[Stroke]:
    """Lines of text outside of `tables`, but for those as short as a page number."""
    ink = sheet.ink.copy()
    for table in tables:
        ink[max(table.top, 0) : table.bottom, max(table.left, 0) : table.right] = 0
    found = []
    for top, bottom in _runs(ink.any(axis=1), sheet.size):
        cols = np.flatnonzero(ink[top:bottom].any(axis=0))
        left, right = int(cols[0]), int(cols[-1]) + 1
        written = bottom - top > sheet.size / 2 and len(cols) > 2 * sheet.size  # more than specks
        if written and right - left > PAGE_NUMBER * sheet.size:
            found.append(Stroke(left, top, right, bottom))
    return found


def _runs(filled: Pixels, size: float) -> list[tuple[int, int]]:
    """(top, bottom) of the lines; what is lower than half a character belongs to the line next to it."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], filled.astype(np.int8), [0]))))
    found: list[tuple[int, int]] = []
    for top, bottom in edges.reshape(-1, 2).tolist():
        if found and (top - found[-1][1] < 0.15 * size or bottom - found[-1][0] < 1.3 * size):
            found[-1] = found[-1][0], bottom
        else:
            found.append((top, bottom))
    return found


def _place(ink: Pixels, top: int, bottom: int, size: float) -> tuple[int, int, int, int]:
    """A line's edges. What is low (a dash) is given the height of a character, so that it is shown as low as it is."""
    cols = np.flatnonzero(ink[top:bottom].any(axis=0))
    high, middle = max(bottom - top, round(size)), (top + bottom) // 2
    return int(cols[0]), middle - high // 2, int(cols[-1]) + 1, middle + (high + 1) // 2


def _strip(inside: Pixels, places: list[tuple[int, int, int, int]], margin: float) -> Pixels:
    """All lines of a cell in a row: the engine reads a character better among others."""
    return np.hstack([_cut(inside, place, margin) for place in places])[:, : ocr.MAX_WIDTH]


def _cut(inside: Pixels, place: tuple[int, int, int, int], margin: float) -> Pixels:
    """A piece of a cell with a margin around, white where it leaves the cell, as high as the engine wants it."""
    left, top, right, bottom = place
    edge = max(2, round((bottom - top) * margin))
    left, top, right, bottom = left - edge, top - edge, right + edge, bottom + edge
    height, width = inside.shape
    cut = inside[max(top, 0) : bottom, max(left, 0) : right]
    around = max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0)
    cut = cv2.copyMakeBorder(cut, *around, cv2.BORDER_CONSTANT, value=255)
    wide = min(max(1, round(cut.shape[1] * ocr.HEIGHT / cut.shape[0])), ocr.MAX_WIDTH)
    way = cv2.INTER_AREA if cut.shape[0] > ocr.HEIGHT else cv2.INTER_CUBIC
    return cv2.resize(cut, (wide, ocr.HEIGHT), interpolation=way)
