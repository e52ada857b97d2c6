"""Tables that are pictures: the seeds printed and scanned, drawn as web pages show them, and odd ones."""

import time
from collections.abc import Sequence
from typing import Any

import pytest
from scans import as_image, as_scan, drawn, font, module, scan, scanned, tables
from test_reports import SEEDS, cells

from parsers import lay, numbers, ocr
from parsers.confirm import confirm
from parsers.model import Content, Document
from sample_portals.report_text import Cell, Table

picture = module("parsers.picture")


class Result:
    """What of a case is read, what of it is published, and what of that is wrong."""

    def __init__(self, case: str, content: Content) -> None:
        facts, _ = lay.facts(content.grids)
        kept, self.findings = confirm(facts)
        self.read = {f.item: (numbers.squash(f.text), "" if f.value is None else str(f.value), f.unit) for f in facts}
        self.published = [f.item for f in kept]
        truth = {item: cell[:3] for item, cell in cells(case).items()}
        out = {f.item: (numbers.squash(f.text), str(f.value), f.unit) for f in kept}
        self.wrong = {item: cell for item, cell in out.items() if truth.get(item) != cell}
        self.right = sum(self.read.get(item) == cell for item, cell in truth.items())
        self.cells = len(truth)

    def __str__(self) -> str:
        return f"{self.cells} cells, {self.right} read right, {len(self.published)} published, {len(self.wrong)} wrong"


# Case → how many of its cells the sums confirm where all are read: 济阳's blank totals confirm nothing.
CONFIRMED = {"licheng_2020": 176, "linzi_2020": 176, "laiwu_2021": 190, "shanting_2020": 171, "jiyang_2019": 0}
CONFIRMED |= {"huaian_2024": 190}
SCANS = [
    (case, how)
    for case in CONFIRMED
    for how in (
        {"dpi": 100},
        {"dpi": 200},
        {"dpi": 300, "worn": 12},
        {"dpi": 150, "degrees": 2, "worn": 12},
    )
]
BAD_SCANS = [
    (case, how)
    for case in ("licheng_2020", "huaian_2024")
    for how in (
        {"dpi": 72},
        {"dpi": 85, "worn": 8},
        {"dpi": 120, "worn": 25},
        {"dpi": 120, "degrees": -1.5, "worn": 12},
    )
]


@pytest.mark.exhaustive
@pytest.mark.parametrize(("case", "how"), SCANS)
def test_scan(case: str, how: dict[str, Any]) -> None:
    result = Result(case, picture.read(scanned(case, **how)))
    assert not result.wrong, str(result)
    assert len(result.published) >= CONFIRMED[case] - 10, str(result)


def test_a_scan_of_one_table() -> None:
    """What of the above is quick: the table of requests, askew, out of focus, with noise."""
    page = scan(drawn(tables("laiwu_2021")[1], rules="#000"), dpi=150, degrees=0.7, worn=8)
    result = Result("laiwu_2021", picture.read(as_scan([page], 150)))
    assert (len(result.published), result.wrong) == (175, {}), str(result)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("case", "how"), BAD_SCANS)
def test_bad_scans(case: str, how: dict[str, Any]) -> None:
    """However little can be read, nothing wrong goes out."""
    result = Result(case, picture.read(scanned(case, **how)))
    assert not result.wrong, str(result)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", SEEDS)
@pytest.mark.parametrize(("size", "rules", "worn"), [(14, "#ccc", 0), (18, "#000", 6), (24, "#000", 12)])
def test_drawn(case: str, size: int, rules: str, worn: int) -> None:
    """Sans serif, as on a screen; then printed and scanned."""
    pages = [scan(drawn(table, size, rules), 150, 0.5 if worn else 0, worn) for table in tables(case)]
    result = Result(case, picture.read(as_scan(pages, 150)))
    assert not result.wrong, str(result)
    assert len(result.published) >= CONFIRMED[case] * 0.7, str(result)


def rows(pictured: Any, kind: str = "PNG", **options: Any) -> list[list[str | None]]:
    grids = picture.read(as_image(pictured, kind, **options)).grids
    assert len(grids) == 1
    return [[cell.text if cell else None for cell in row] for row in grids[0].rows]


def small(*texts: Sequence[str], **options: Any) -> Any:
    return drawn(Table([[Cell(words, j, 1) for j, words in enumerate(row)] for row in texts], len(texts[0])), **options)


def test_blank_and_what_is_no_number() -> None:
    found = rows(small(["规章", "0", "", "1"], ["规范性文件", "12", "—", "/"]))
    assert found[0] == ["规章", "0", "", "1"]
    assert [numbers.squash(str(one)) for one in found[1][:2]] == ["规范性文件", "12"]
    assert "number" not in {numbers.read(str(one)).kind for one in found[1][2:]}


def test_specks_are_not_0() -> None:
    page = small(["规章", "0", "", "0"], ["规范性文件", "", "", "10"], size=24)
    pen = module("PIL.ImageDraw").Draw(page)
    for at in range(14):  # from a pixel to a smudge of half a character
        x, y, radius = 140 + at % 7 * 9, 30 + at // 7 * 50, at / 3
        pen.ellipse((x, y, x + radius, y + radius), fill="#333")
    for row in rows(page):
        for one in row[1:]:
            assert numbers.read(str(one)).value in (None, 0, 10), row


def test_a_cell_that_spans() -> None:
    table = Table([[Cell("申请人情况", 0, 2), Cell("总计", 2, 1, 2)], [Cell("自然人", 0, 1), Cell("其他", 1, 1)]], 3)
    assert rows(drawn(table)) == [["申请人情况", "申请人情况", "总计"], ["自然人", "其他", "总计"]]


@pytest.mark.parametrize("degrees", [2, -1])
def test_a_table_askew(degrees: float) -> None:
    page = drawn(tables("laiwu_2021")[-1])
    turned = page.rotate(degrees, expand=True, fillcolor="white", resample=module("PIL.Image").Resampling.BICUBIC)
    assert rows(turned)[-1] == ["0", "1", "1", "0", "2", "0", "1", "0", "0", "1", "0", "0", "0", "0", "0"]


def test_transparent_and_shaded() -> None:
    image = module("PIL.Image")
    page = small(["规章", "7"], ["规范性文件", "18"], rules="#000")
    clear = image.new("RGBA", page.size)
    clear.putalpha(module("PIL.ImageOps").invert(page.convert("L")))
    grey = image.new("L", page.size, 200)
    grey.paste(page.convert("L").point(lambda value: value * 200 // 255))
    for one in (clear, grey, page.convert("P"), page.convert("1")):
        assert [row[1] for row in rows(one)] == ["7", "18"]


def tiff(*headings: str) -> Content:
    pages = [small(["规章", str(n), "0"], ["规范性文件", "1", "2"]) for n, _ in enumerate(headings, 5)]
    for page, heading in zip(pages, headings, strict=True):
        module("PIL.ImageDraw").Draw(page).text((20, 0), heading, font=font(14), fill="#000")
    return picture.read(as_image(pages[0], "TIFF", save_all=True, append_images=pages[1:]))


def test_pages_of_a_tiff() -> None:
    """A table goes on over the page, unless there is prose between, of which no more is known."""
    assert [(g.place, len(g.rows)) for g in tiff("", "二、主动公开情况").grids] == [
        ("page 1, table 1", 2),
        ("page 2, table 1", 2),
    ]
    content = tiff("", "3")
    assert [[cell.text if cell else "" for cell in row[1:]] for row in content.grids[0].rows] == [
        ["5", "0"],
        ["1", "2"],
        ["6", "0"],
        ["1", "2"],
    ]
    assert content.lines == ()


def test_the_engine_says_what_it_is() -> None:
    assert ocr.version().startswith("rapidocr 3.")


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, b"GIF89a\xff\xff\xff\xff\x00\x00\x00" + b"x" * 99, b"\xff\xd8\xff\xe0"],
)
def test_torn_pictures_are_errors(content: bytes) -> None:
    with pytest.raises((ValueError, OSError)):
        picture.read(Document("", content, "image"))


def test_a_picture_too_large_is_not_unpacked() -> None:
    bomb = as_image(module("PIL.Image").new("1", (9000, 9000)))
    assert len(bomb.content) < 200_000
    with pytest.raises((ValueError, module("PIL.Image").DecompressionBombError)):
        picture.read(bomb)


def test_too_many_pages() -> None:
    pages = [module("PIL.Image").new("1", (20, 20))] * (picture.MAX_PAGES + 1)
    with pytest.raises(ValueError, match="more than 20 pages"):
        picture.read(as_image(pages[0], "TIFF", save_all=True, append_images=pages[1:]))


@pytest.mark.parametrize("kind", ["noise", "stripes", "chessboard", "black"])
def test_drawings_end(kind: str) -> None:
    np, image = module("numpy"), module("PIL.Image")
    y, x = np.indices((800, 800))
    pixels = {
        "noise": np.random.default_rng(0).integers(0, 256, (800, 800)),
        "stripes": (x // 3 % 2) * 255,
        "chessboard": (x // 40 + y // 40) % 2 * 255,
        "black": 0 * x,
    }[kind]
    started = time.monotonic()
    picture.read(as_image(image.fromarray(pixels.astype("uint8"))))
    assert time.monotonic() - started < 30
