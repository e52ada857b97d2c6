"""How long the reading of a report takes, as a multiple of what its parser alone takes (docs/bench.md).

Run from the checkout: python bench/reading.py [rounds]. Floor and reader take turns within one process, and the medians
of processor time are compared, so the ratios hold on a machine that others use too. It measures, and fails nothing.
"""

import html
import io
import statistics
import sys
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import lxml.html  # noqa: E402
import pypdfium2  # noqa: E402
from lxml import etree  # noqa: E402

from parsers import checks, document, docx, lay, pdf, report  # noqa: E402
from parsers import html as html_reader  # noqa: E402
from parsers.model import Grid  # noqa: E402
from sample_portals.report_text import Paragraph, Table, read_report  # noqa: E402

SEED = "laiwu_2021"
DOCX = ROOT / "sample_portals" / "documents" / "jiyang_2019.docx"
PDF = ROOT / "tests" / "reports" / "huaian_2024" / "huaian_2024.pdf"
FONT = 'style="font-size:16.0pt;font-family:仿宋_GB2312"'
EDGE = 'style="border:solid windowtext 1.0pt;padding:0cm 5.4pt"'
SIZES = (1, 4, 16)


class Case(NamedTuple):
    name: str
    goal: float
    floor: Callable[[], object]
    ours: Callable[[], object]


def word_page(copies: int = 1) -> bytes:
    """The seed as Word's HTML export puts it on a page: each run of characters in a span, each with its style."""
    body = "".join(map(_block, read_report(SEED)))
    head = f'<meta charset="utf-8"><title>{html.escape(_title())}</title>'
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body * copies}</body></html>".encode()


def light_page() -> str:
    """The body of the same page without a word processor's styles, its title as TITLE."""
    cells = '<td colspan="{}" rowspan="{}">{}</td>'
    parts = []
    for block in read_report(SEED):
        if isinstance(block, Paragraph):
            parts.append(f"<p>{html.escape(block.text)}</p>")
        else:
            rows = ("".join(cells.format(c.colspan, c.rowspan, html.escape(c.text)) for c in row) for row in block.rows)
            parts.append(f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>")
    return "<h1>TITLE</h1>" + "\n".join(parts).replace(_title(), "")


def _title() -> str:
    return next(block.text for block in read_report(SEED) if isinstance(block, Paragraph))


def _block(block: Paragraph | Table) -> str:
    if isinstance(block, Paragraph):
        return f'<p class="MsoNormal" style="text-indent:32.0pt">{_runs(block.text)}</p>\n'
    rows = ("".join(_cell(c.text, c.colspan, c.rowspan) for c in row) for row in block.rows)
    return f'<table class="MsoTableGrid">{"".join(f"<tr>{row}</tr>" for row in rows)}</table>\n'


def _cell(text: str, width: int, height: int) -> str:
    lines = "".join(f'<p class="MsoNormal" align="center">{_runs(line)}</p>\n' for line in text.split("\n"))
    return f'<td colspan="{width}" rowspan="{height}" {EDGE}>\n{lines}</td>\n'


def _runs(text: str) -> str:
    """A span for every thirty characters, and the empty one that Word ends a paragraph with."""
    runs = (f"<span {FONT}>{html.escape(text[i : i + 30])}</span>" for i in range(0, len(text), 30))
    return "".join(runs) + '<span lang="EN-US"><o:p></o:p></span>'


def arithmetic(grids: Iterable[Grid]) -> int:
    facts, _ = lay.facts(grids)
    checks.run(facts)
    assert len(facts) > 100
    return len(facts)


def whole(content: bytes) -> report.Report:
    return report.read([document.identify(content)])


def unzipped() -> etree._Element:
    with zipfile.ZipFile(io.BytesIO(DOCX.read_bytes())) as package:
        return etree.fromstring(package.read("word/document.xml"))


def pdf_text() -> list[str]:
    file = pypdfium2.PdfDocument(PDF.read_bytes())
    return [page.get_textpage().get_text_range() for page in file]


def cases() -> Iterator[Case]:
    page = word_page()
    grids = list(html_reader.grids(document.identify(page)))

    def parsed() -> object:
        return lxml.html.fromstring(page)

    yield Case("HTML: tables as grids", 3, parsed, lambda: list(html_reader.grids(document.identify(page))))
    yield Case("HTML: grids to facts and arithmetic", 3, parsed, lambda: arithmetic(grids))
    yield Case(
        "HTML: bytes to facts and arithmetic", 3, parsed, lambda: arithmetic(html_reader.grids(document.identify(page)))
    )
    yield Case("HTML: whole, with prose", 15, parsed, lambda: whole(page))
    yield Case("DOCX: facts and arithmetic", 4, unzipped, lambda: arithmetic(docx.read(_document(DOCX)).grids))
    yield Case("DOCX: whole, with prose", 4, unzipped, lambda: whole(DOCX.read_bytes()))
    yield Case("PDF: facts and arithmetic", 4, pdf_text, lambda: arithmetic(pdf.read(_document(PDF)).grids))
    yield Case("PDF: whole, with prose", 4, pdf_text, lambda: whole(PDF.read_bytes()))


def _document(path: Path) -> document.Document:
    return document.identify(path.read_bytes(), path.name)


def seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def ratios(rounds: int) -> None:
    print(f"page of {len(word_page()):,} bytes ({SEED}); {rounds} rounds, medians of processor time\n")
    print("| what | floor ms | ours ms | ratio | goal |\n| --- | ---: | ---: | ---: | ---: |")
    for case in cases():
        case.ours()  # forms and equations are read once a process
        pairs = [(seconds(case.floor), seconds(case.ours)) for _ in range(rounds)]
        floor, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
        print(f"| {case.name} | {floor * 1000:.2f} | {ours * 1000:.2f} | {ours / floor:.2f} | ≤ {case.goal:g} |")


def growth(rounds: int) -> None:
    """What a byte costs on larger pages, beside what it costs on the page itself: 1 is linear."""
    print("\n| size | bytes | facts: ms | per byte | whole: ms | per byte |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    base: list[float] = []
    for copies in SIZES:
        page = word_page(copies)
        calls = (lambda: arithmetic(html_reader.grids(document.identify(page))), lambda: whole(page))  # noqa: B023
        facts, full = (statistics.median(seconds(call) for _ in range(rounds)) / len(page) for call in calls)
        base = base or [facts, full]
        shown = [f"{v * len(page) * 1000:.1f} | {v / b:.2f}" for v, b in zip((facts, full), base, strict=True)]
        print(f"| {copies} × | {len(page):,} | {' | '.join(shown)} |")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    ratios(count)
    growth(max(3, count // 5))
