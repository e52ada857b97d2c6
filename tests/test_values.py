"""What an operator sets is understood before anything is done, or refused in one line that names it."""

import pytest
from conftest import Command

from archive import values
from crawler import settings


@pytest.mark.parametrize(
    ("text", "hours"), [("", None), ("22-6", (22, 6)), ("1-5", (1, 5)), ("0-24", (0, 24)), ("20-24", (20, 24))]
)
def test_hours(text: str, hours: tuple[int, int] | None) -> None:
    assert values.hours(text) == hours


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("2G", 2 << 30), ("500M", 500 << 20), ("1.5k", 1536), ("1000T", 1000 << 40)]
)
def test_sizes(text: str, size: int) -> None:
    assert values.size(text) == size


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("NIANBAO_NIGHT", night) for night in ("22", "22:00-6:00", "22-25", "6-6", "-", "二二-六", "22-6 ")),
        *(("NIANBAO_MIN_FREE", size) for size in ("", "2 GB", "-1G", "5%", "G", "1e9")),
        *(("DOWNLOAD_DELAY", delay) for delay in ("", "abc", "-1", "nan", "inf", "3s")),
        ("AUTOTHROTTLE_ENABLED", "no"),
        ("ROBOTSTXT_OBEY", "yes"),
    ],
)
def test_what_cannot_be_understood_is_refused(name: str, value: str) -> None:
    with pytest.raises(values.WrongValue, match=name):
        values.check({name: value})


def test_what_is_set_by_default_is_understood() -> None:
    values.check({name: getattr(settings, name) for name in dir(settings) if name.isupper()})
    values.check({"AUTOTHROTTLE_ENABLED": "False", "NIANBAO_NIGHT": "", "SOMETHING_ELSE": "x"})


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        ((), {"NIANBAO_NIGHT": "25"}),
        ((), {"NIANBAO_MIN_FREE": "lots"}),
        (("-s", "DOWNLOAD_DELAY=abc"), {}),
        (("-s", "NIANBAO_NIGHT=always"), {}),
    ],
)
def test_a_crawl_does_not_begin(nianbao: Command, options: tuple[str, ...], environment: dict[str, str]) -> None:
    done = nianbao("crawl", "licheng", *options, **environment)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, "is not understood; it must be" in line) == (2, True)
    assert not nianbao.data.exists()
