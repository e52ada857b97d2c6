"""Pages that stand in the way, and pages that only speak of such things."""

import time

import pytest

from parsers import blocking
from parsers.model import Document


def reason(source: str, status: int = 200, media_type: str = "html") -> str | None:
    return blocking.reason(status, Document("", b"", media_type, source))


@pytest.mark.parametrize("status", [401, 403, 405, 412, 429, 521])
def test_statuses(status: int) -> None:
    assert str(status) in str(reason("", status))


@pytest.mark.parametrize("status", [200, 304, 404, 500, 503])
def test_other_statuses_are_no_block(status: int) -> None:
    assert reason("<p>页面不存在</p>", status) is None


@pytest.mark.parametrize(
    "source",
    [
        "<title>访问被拒绝</title>",
        "<p>您的请求可能存在威胁，已被拦截",
        "<h1>Request Rejected</h1>",
        "<p>请完成安全验证",
        "<script>$_ts=window['$_ts'];</script>",
        "<script>document.cookie='__jsl_clearance=1';location.href='/'</script>",
    ],
)
def test_walls(source: str) -> None:
    assert reason(source)


@pytest.mark.parametrize(
    "source",
    [
        "<p>政府信息公开年报</p>",
        "<p>本区加强网站防火墙建设。</p>" + "<p>正文很长。</p>" * 500,
        "<script>location.replace('/index.html')</script>",
    ],
)
def test_genuine(source: str) -> None:
    assert reason(source) is None


def test_files_are_no_walls() -> None:
    assert reason("访问被拒绝", media_type="text") is None


@pytest.mark.parametrize("source", ["<div>" * 200_000, "document.cookie=" * 300_000, "您的请求" * 500_000])
def test_large_pages_end(source: str) -> None:
    started = time.monotonic()
    reason(source)
    assert time.monotonic() - started < 8
