"""Reports as pictures: the seeds printed by LibreOffice and scanned, and drawn as web pages show them.

Needs the extra `ocr`, LibreOffice and a Chinese font. Without them tests are skipped, and say so; where CI runs they
fail.
"""

import functools
import importlib
import io
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import office
import pypdfium2
import pytest
from test_pdf import HUAIAN
from test_reports import SEEDS

from parsers import ocr
from parsers.model import Document
from sample_portals.report_text import Paragraph, Table, read_report

FONTS = ("noto/NotoSansCJK-Regular.ttc", "noto/NotoSerifCJK-Regular.ttc")  # Debian: fonts-noto-cjk
EDGES = ("top", "left", "bottom", "right", "insideH", "insideV")
SIDES = "".join(f'<w:{edge} w:val="single" w:sz="4"/>' for edge in EDGES)


def missing(what: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed", allow_module_level=True)


def module(name: str) -> Any:
    """A module that comes with the extra."""
    return importlib.import_module(name) if ocr.available() else missing("the extra nianbao[ocr]")


@functools.cache
def printed() -> dict[str, Path]:
    """The seeds as PDF, as LibreOffice prints them: tables with rules, each from the top of a page."""
    program = shutil.which("soffice") or missing("LibreOffice")
    folder = tempfile.TemporaryDirectory(prefix="nianbao-scans-")
    office._folders.append(folder)
    sources = [Path(folder.name) / f"{case}.docx" for case in SEEDS]
    for case, source in zip(SEEDS, sources, strict=True):
        blocks = [b for b in read_report(case) if isinstance(b, Table) or b.kind == "heading"]
        body = "".join(_heading(b) if isinstance(b, Paragraph) else office._tbl(b) for b in blocks)
        body = body.replace("<w:tr>", "<w:tr><w:trPr><w:cantSplit/></w:trPr>")
        source.write_bytes(
            office.docx_of(body.replace("<w:tblLayout", f"<w:tblBorders>{SIDES}</w:tblBorders><w:tblLayout"))
        )
    command = [program, "--headless", f"-env:UserInstallation=file://{folder.name}/profile", "--convert-to", "pdf"]
    subprocess.run([*command, "--outdir", folder.name, *sources], check=True, capture_output=True, timeout=300)
    return {case: Path(folder.name) / f"{case}.pdf" for case in SEEDS}


def _heading(block: Paragraph) -> str:
    return office._p(block.text).replace("<w:p>", "<w:p><w:pPr><w:pageBreakBefore/></w:pPr>", 1)


def scanned(case: str, dpi: int, degrees: float = 0, worn: int = 0) -> Document:
    """The seed as printed, or 淮安's own PDF, as a PDF of nothing but images."""
    pages = pypdfium2.PdfDocument(HUAIAN if case == HUAIAN.stem else printed()[case])
    pictures = (page.render(scale=dpi / 72, grayscale=True).to_pil() for page in pages)
    return as_scan([scan(picture, dpi, degrees, worn) for picture in pictures], dpi)


def as_scan(pages: list[Any], dpi: int) -> Document:
    file = io.BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:], resolution=dpi)
    return Document("", file.getvalue(), "pdf")


def scan(picture: Any, dpi: int, degrees: float, worn: int) -> Any:
    """A page as it comes out of a scanner: askew and, where it is worn, out of focus, with noise, as a bad JPEG."""
    bicubic = module("PIL.Image").Resampling.BICUBIC
    turned = picture.convert("L").rotate(degrees, expand=True, resample=bicubic, fillcolor=255)
    return _worn(turned, dpi, worn) if worn else turned


def _worn(scan: Any, dpi: int, noise: int) -> Any:
    np, image = module("numpy"), module("PIL.Image")
    soft = module("cv2").GaussianBlur(np.asarray(scan).astype(float), (0, 0), 0.7 * dpi / 150)
    noisy = soft + np.random.default_rng(0).normal(0, noise, soft.shape)
    file = io.BytesIO()
    image.fromarray(noisy.clip(0, 255).astype("uint8")).save(file, "JPEG", quality=50)
    worn = image.open(file)
    worn.load()
    return worn


def as_image(pictured: Any, kind: str = "PNG", **options: Any) -> Document:
    file = io.BytesIO()
    pictured.save(file, kind, **options)
    return Document("", file.getvalue(), "image")


def drawn(table: Table, size: int = 18, rules: str = "#ccc", shade: str = "#eef3fa") -> Any:
    """A table as a web page shows it: sans serif, light grey rules, a shaded header."""
    face = font(size)
    col, pad = size * 4, size // 3
    lines = [[(cell, _wrapped(cell.text, face, cell.colspan * col - 2 * pad)) for cell in row] for row in table.rows]
    line = round(size * 1.4)
    heights = [max([len(w) * line for c, w in row if c.rowspan == 1], default=line) + 2 * pad for row in lines]
    tops = [sum(heights[:n]) for n in range(len(heights) + 1)]
    image = module("PIL.Image").new("RGB", (table.columns * col + 41, tops[-1] + 41), "white")
    pen = module("PIL.ImageDraw").Draw(image)
    for number, row in enumerate(lines):
        for cell, wrapped in row:
            left, top = 20 + cell.column * col, 20 + tops[number]
            edge = left + cell.colspan * col, 20 + tops[number + cell.rowspan]
            pen.rectangle((left, top, *edge), outline=rules, fill=shade if number == 0 else None)
            for at, words in enumerate(wrapped):
                pen.text((left + pad, top + pad + at * line), words, font=face, fill="#333")
    return image


def font(size: int) -> Any:
    for name in FONTS:
        if (path := Path("/usr/share/fonts/opentype") / name).exists():
            return module("PIL.ImageFont").truetype(str(path), size, index=2)
    return missing("fonts-noto-cjk")


def _wrapped(words: str, face: Any, width: float) -> list[str]:
    lines = [""]
    for char in words.replace("\n", ""):
        if face.getlength(lines[-1] + char) > width:
            lines.append("")
        lines[-1] += char
    return lines


def tables(case: str) -> list[Table]:
    return [block for block in read_report(case) if isinstance(block, Table)]
