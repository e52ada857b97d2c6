"""Whatever a file does to the process that reads it, the one that asked goes on."""

import os
import time
from collections.abc import Callable, Iterator

import pytest

from archive.reader import MEMORY, Failed, Reader
from parsers import report
from parsers.model import Document


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(seconds=2, workers=2) as reader:
        yield reader


def hog() -> int:
    return len([bytearray(10 << 20) for _ in range(2 * MEMORY // (10 << 20))])


def hang() -> None:
    time.sleep(60)


def hang_in_c() -> int:
    return sum(range(10**12))


def die() -> None:
    os._exit(3)


def deep() -> list[object]:
    found: list[object] = []
    for _ in range(100_000):
        found = [found]
    return eval(repr(found))


def double(number: int) -> int:
    time.sleep(0.1 / (number + 1))
    if number == 3:
        raise ValueError(number)
    return 2 * number


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (hog, "more than 400 MB"),
        (hang, "longer than 2 seconds"),
        (hang_in_c, "longer than 2 seconds"),
        (die, "ended its process"),
        (deep, "too deeply"),
    ],
)
def test_the_parent_lives_and_is_told(reader: Reader, function: Callable[[], object], said: str) -> None:
    started = time.monotonic()
    with pytest.raises(Failed, match=said):
        reader.call(function)
    assert time.monotonic() - started < 20
    assert reader.call(double, 4) == 8


def test_the_bound_on_time_holds_within_c(reader: Reader) -> None:
    assert reader.call(double, 4) == 8  # the children have started
    started = time.monotonic()
    with pytest.raises(Failed):
        reader.call(hang_in_c)
    assert time.monotonic() - started < 3


def test_answers_come_in_the_order_of_the_calls(reader: Reader) -> None:
    answers = list(reader.map(double, ((n,) for n in range(20))))
    assert [type(a) for a in answers if isinstance(a, Exception)] == [ValueError]
    assert [a for a in answers if isinstance(a, int)] == [2 * n for n in range(20) if n != 3]


def test_what_parsers_say_comes_through(reader: Reader) -> None:
    with pytest.raises(report.NotAReport, match="of no kind"):
        reader.call(report.read, [Document("", b"\x00\x01", "unknown")])
