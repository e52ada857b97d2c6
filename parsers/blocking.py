"""Pages that answer instead of the page asked for: walls, challenges, logins. They are kept, named, and never read."""

import re

from bs4 import BeautifulSoup

from parsers.model import Document

# Statuses that Chinese protection services answer with (reference: 瑞数 412, 加速乐 521, WAF pages 403 and 405).
_STATUSES = {401: "登录", 403: "拒绝访问", 405: "WAF", 412: "瑞数", 429: "请求过多", 521: "加速乐"}
_WORDS = re.compile(
    r"访问被拒绝|访问受限|安全验证|人机验证|您的请求.{0,8}被拦截|请求过于频繁|Request Rejected|Access Denied|网站防火墙"
)
_CHALLENGE = re.compile(r"\$_ts\b|__jsl_clearance|document\.cookie\s*=[^;]{0,400};?\s*location", re.IGNORECASE)
_LONGEST = 2000  # characters of visible text; a real page has more, and may speak of 安全验证 in its news


def reason(status: int, document: Document) -> str | None:
    """Why this is a block page, or None. Judged by status, then by what little a page says."""
    if status in _STATUSES:
        return f"HTTP {status} ({_STATUSES[status]})"
    if document.media_type != "html":
        return None
    soup = BeautifulSoup(document.text[:100_000], "lxml")
    visible = soup.get_text(" ", strip=True)
    if len(visible) > _LONGEST:
        return None
    if match := _WORDS.search(visible):
        return f"block page: “{match[0]}”"
    if len(visible) < 200 and _CHALLENGE.search(document.text):
        return "challenge by script"
    return None
