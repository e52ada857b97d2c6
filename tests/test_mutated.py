"""Files torn, flipped, spliced and made to hurt: each ends as a report, as none, or as a failure with its reason.

They are read as `nianbao build` reads them, in children with bounds on time and memory; the parent sees nothing else.
"""

import functools
import io
import random
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from files import zipped
from office import converted, docx, docx_of, page
from test_reports import ROOT

from archive.reader import SECONDS, Failed, Reader
from parsers import document, html, report
from parsers.model import Document

HERE = ROOT / "tests"
SOURCES = {
    "html": page("licheng_2020").encode(),
    "gbk": page("laiwu_2021").encode("gb18030"),
    "text": (ROOT / "sample_portals" / "reports" / "linzi_2020.txt").read_bytes(),
    "docx": docx("jiyang_2019"),
    "blank docx": (HERE / "reports" / "form_2021_blank" / "form_2021_blank.docx").read_bytes(),
    "pdf": (HERE / "reports" / "huaian_2024" / "huaian_2024.pdf").read_bytes(),
    "second pdf": (ROOT / "sample_portals" / "documents" / "shanting_2020.pdf").read_bytes(),
    "doc": (HERE / "documents" / "small.doc").read_bytes(),
    "xls": (HERE / "documents" / "small.xls").read_bytes(),
    "rtf": b"{\\rtf1\\ansi\\ansicpg936 \\trowd\\cellx100\\cellx200 1\\cell 2\\cell\\row\\pard "
    + b"\\'b1\\'a8 x\\par " * 99
    + b"}",
}
OFFICE = ("doc", "odt", "rtf", "xlsx", "xls")  # of which LibreOffice makes whole reports
MB = 1 << 20


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as reader:
        yield reader


def read(content: bytes) -> tuple[str, float]:
    """The kind of the file by its bytes, if a report was read from it, and the seconds that this took."""
    started = time.monotonic()
    kind = document.identify(content)
    report.read([kind])
    return kind.media_type, time.monotonic() - started


def flipped(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 4, 32, 256))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(1, len(content))]


def gap(content: bytes, rng: random.Random) -> bytes:
    start, end = sorted(rng.randrange(len(content)) for _ in range(2))
    return content[:start] + content[end:]


def doubled(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    piece = content[start : start + rng.choice((16, 512, 8192))]
    return content[:start] + piece * rng.choice((2, 3, 50)) + content[start + len(piece) :]


def spliced(content: bytes, rng: random.Random) -> bytes:
    other = rng.choice(list(SOURCES.values()))
    return content[: rng.randrange(1, len(content))] + other[rng.randrange(len(other)) :]


def overwritten(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    return (
        content[:start] + rng.choice((b"\x00", b"\xff", b"<", b"9")) * rng.choice((4, 64, 4096)) + content[start + 4 :]
    )


def repacked(content: bytes, rng: random.Random) -> bytes:
    """A package whose parts are mutated inside, so that the zip file itself stays whole."""
    file = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                part = old.read(name)
                new.writestr(name, rng.choice(MUTATIONS[:6])(part, rng) if part and rng.random() < 0.5 else part)
    except zipfile.BadZipFile:
        return flipped(content, rng)
    return file.getvalue()


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [flipped, cut, gap, doubled, overwritten, spliced, repacked]


def mutated(sources: dict[str, bytes], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    rng = random.Random(seed)
    names = sorted(sources)
    for number in range(count):
        name = names[number % len(names)]
        yield name, rng.choice(MUTATIONS)(sources[name], rng)


def survive(reader: Reader, sources: dict[str, bytes], count: int, seed: int) -> Counter[str]:
    """Reads `count` mutations: the outcomes by kind of file and answer."""
    made = list(mutated(sources, count, seed))
    answers = list(reader.map(read, ((content,) for _, content in made)))
    assert len(answers) == count
    odd = [(n, made[n][0], a) for n, a in enumerate(answers) if not isinstance(a, tuple | report.NotAReport | Failed)]
    assert not odd, odd[:3]
    times = [answer[1] for answer in answers if isinstance(answer, tuple)]
    assert max(times, default=0) < SECONDS
    outcomes = Counter(f"{name}: {_said(answer)}" for (name, _), answer in zip(made, answers, strict=True))
    print(f"slowest that was read: {max(times, default=0):.2f} s; {dict(sorted(outcomes.items()))}")
    return outcomes


def _said(answer: object) -> str:
    return (
        "Report" if isinstance(answer, tuple) else f"Failed ({answer})" if isinstance(answer, Failed) else "NotAReport"
    )


def test_mutated_files(reader: Reader) -> None:
    outcomes = survive(reader, SOURCES, 150, seed=1)
    assert not [name for name in outcomes if "Failed" in name]
    assert reader.call(read, SOURCES["html"])[0] == "html"


@functools.cache
def whole_reports() -> dict[str, bytes]:
    return SOURCES | {f"{suffix} of an office": converted(suffix)["linzi_2020"].read_bytes() for suffix in OFFICE}


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(10))
def test_five_thousand_mutated_files(reader: Reader, seed: int) -> None:
    survive(reader, whole_reports(), 500, seed)


# Files that were made to hurt.


def package(**parts: bytes) -> bytes:
    return zipped({name.replace("__", "/").replace("_xml", ".xml"): content for name, content in parts.items()})


def xml_bomb() -> bytes:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "9" * 100}">' for n in range(12))
    return f'<?xml version="1.0"?><!DOCTYPE d [{entities}]><d>&e11;</d>'.encode()


def deep_xml(depth: int) -> bytes:
    return b"<a>" * depth + b"</a>" * depth


def slow_pdf() -> bytes:
    """A page that draws a form of text which draws two more, each of which draws two more: 2^24 texts in 3 KB."""
    objects = {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>"}
    objects[3] = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>"
    objects[4] = _stream(b"", b"/X Do")
    for n in range(5, 29):
        uses = f"/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</X {n + 1} 0 R>>/Font<</F 30 0 R>>>>".encode()
        objects[n] = _stream(uses, b"BT /F 9 Tf (9) Tj ET 0 0 m 9 9 l S /X Do /X Do")
    objects[29] = _stream(b"/Subtype/Form/BBox[0 0 600 800]", b"0 0 m 9 9 l S")
    objects[30] = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    body = b"%PDF-1.4\n" + b"".join(b"%d 0 obj %s endobj\n" % pair for pair in objects.items())
    return body + b"trailer <</Root 1 0 R/Size 31>>\n%%EOF"


def _stream(entries: bytes, content: bytes) -> bytes:
    return b"<<%s/Length %d>> stream\n%s\nendstream" % (entries, len(content), content)


def test_formatting_left_open_is_no_bomb() -> None:
    """A browser's parser would make 34 million elements of it; what stands in the cells is the same without them."""
    bomb = "".join(f"<p><b x={i}>" for i in range(8_300))
    table = "<table><tr><td><B hidden>1</B><strong>2</strong><td><s>3</s>4<td>x<sup>5</sup></table>"
    plain, tamed = (next(html.grids(Document("", b"", "html", page))) for page in (table, table + bomb))
    assert [cell.text for row in tamed.rows for cell in row if cell] == ["2", "4", "x⁵"]
    assert tamed == plain


def test_struck_text_left_open_is_refused() -> None:
    bomb = "".join(f"<p><S x={i}>" for i in range(8_300))
    with pytest.raises(ValueError, match="more formatting than any report has"):
        list(html.grids(Document("", b"", "html", bomb)))


ROW = "<tr>" + "<td>自然人</td>" * 20 + "</tr>"
W_NS = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
HOSTILE: dict[str, Callable[[], bytes]] = {
    "zip bomb": lambda: package(word__document_xml=W_NS + b" " * (200 * MB)),
    "zip bomb of many parts": lambda: package(
        **{f"word__document_xml{n}": b" " for n in range(12_000)}, content_xml=b"<a/>"
    ),
    "xml bomb in docx": lambda: package(word__document_xml=xml_bomb()),
    "xml bomb in odt": lambda: package(content_xml=xml_bomb()),
    "xml bomb in xlsx": lambda: package(xl__workbook_xml=xml_bomb()),
    "xml bomb in ofd": lambda: package(OFD_xml=xml_bomb()),
    "xml bomb as a page": lambda: b"<html>" + xml_bomb(),
    "deep docx": lambda: package(word__document_xml=deep_xml(100_000)),
    "deep odt": lambda: package(content_xml=deep_xml(100_000)),
    "tables in tables, docx": lambda: docx_of("<w:tbl><w:tr><w:tc>" * 80 + "</w:tc></w:tr></w:tbl>" * 80),
    "deep page": lambda: b"<div>" * 1_000_000 + b"1",
    "tables in tables": lambda: b"<table><tr><td>1" * 20_000,
    "cells in cells": lambda: b"<p>" + b"<table><tr><td><span>" * 3_000,
    "lists in lists": lambda: b"<ul><li>" * 100_000,
    "table of 100 MB": lambda: b"<table>" + ROW.encode() * (100 * MB // len(ROW.encode())) + b"</table>",
    "table of 8 MB": lambda: ("<table>" + ROW * (7 * MB // len(ROW)) + "</table>").encode(),
    "table of spans": lambda: b"<table>" + b"<tr><td rowspan=9999 colspan=1000>1" * 10_000,
    "bold left open": lambda: "".join(f"<p><b x={i}>" for i in range(8_300)).encode(),
    "struck left open": lambda: "".join(f"<p><s x={i}>" for i in range(8_300)).encode(),
    "attributes": lambda: ("<table " + " ".join(f"a{i}=1" for i in range(300_000)) + "><tr><td>1</table>").encode(),
    "half tags": lambda: b"<p>" + b"<" * 4_000_000,
    "quotes left open": lambda: b"<p>" + b'<meta name="' * 300_000,
    "digits": lambda: b"<table><tr><td>" + b"9" * 4_000_000,
    "white space": lambda: b"<p>" + b" \n" * 4_000_000 + b"1",
    "brackets": lambda: b"<table><tr><td>" + "（".encode() * 1_000_000,
    "rtf groups": lambda: b"{\\rtf1" + b"{" * 4_000_000,
    "rtf rows": lambda: b"{\\rtf1" + b"\\trowd\\cellx1 1\\cell\\row" * 200_000,
    "slow pdf": slow_pdf,
    "pdf of nothing but opening brackets": lambda: b"%PDF-1.4\n" + b"1 0 obj [" + b"[" * 4_000_000,
    "text of tabs": lambda: b"\t\n" * 2_000_000,
    "ole of zeros": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * MB,
}
LIGHT = (
    "zip bomb of many parts",
    "xml bomb in docx",
    "xml bomb in odt",
    "xml bomb in xlsx",
    "xml bomb in ofd",
    "bold left open",
    "struck left open",
    "table of spans",
    "ole of zeros",
    "tables in tables, docx",
)


def hurt(reader: Reader, name: str) -> None:
    content = HOSTILE[name]()
    started = time.monotonic()
    try:
        answer: object = reader.call(peak, content)
    except (report.NotAReport, Failed) as error:
        answer = error
    took = time.monotonic() - started
    print(f"{name}: {took:.1f} s, {answer!s:.150}")
    assert took < SECONDS + 1
    assert reader.call(len, b"1") == 1


def peak(content: bytes) -> str:
    """Reads; the answer says the most memory that the child ever held."""
    try:
        report.read([document.identify(content)])
    finally:
        with open("/proc/self/status", encoding="ascii") as status:
            held = next(int(line.split()[1]) >> 10 for line in status if line.startswith("VmHWM"))
        assert held <= 512, f"{held} MB"
    return f"a report, {held} MB"


@pytest.mark.parametrize("name", LIGHT)
def test_hostile_file(reader: Reader, name: str) -> None:
    hurt(reader, name)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in LIGHT])
def test_heavy_hostile_file(reader: Reader, name: str) -> None:
    hurt(reader, name)
