"""Which language a reader is shown: Chinese, or English for whoever asked for it, which a cookie remembers.

An address with `_lang=en` (or `zh`) stands in that language; Datasette leaves arguments with an underscore alone.
"""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

from collections.abc import Container
from contextvars import ContextVar
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from markupsafe import Markup, escape

from archive.site.headers import App, Scope, Send

_ASKED = "_lang"
_COOKIE = "nianbao_language"
_YEAR = 365 * 24 * 3600
_now: ContextVar[str] = ContextVar("language", default="zh")


def add_to(app: App) -> App:
    """The app, each of its answers in its reader's language."""

    async def in_language(scope: Scope, receive: object, send: Send) -> None:
        asked = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"))).get(_ASKED, "")
        chosen = asked if asked in ("zh", "en") else ""
        # asgi-csrf, within Datasette, falls over a cookie that is no UTF-8.
        sent = [(name, value) for name, value in scope.get("headers", []) if name != b"cookie" or value.isascii()]
        scope = {**scope, "headers": sent}
        _now.set(chosen or _remembered(dict(sent).get(b"cookie", b"")))
        headers = [(b"vary", b"cookie")]
        if chosen:
            cookie = f"{_COOKIE}={chosen}; Path=/; Max-Age={_YEAR}; SameSite=Lax; HttpOnly"
            headers.append((b"set-cookie", cookie.encode()))

        async def send_more(message: Scope) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                message = {**message, "headers": [*message["headers"], *headers]}
            await send(message)

        await app(scope, receive, send_more)

    return in_language


def _remembered(cookie: bytes) -> str:
    try:
        found = SimpleCookie(cookie.decode("latin-1")).get(_COOKIE)
    except CookieError:
        return "zh"
    return "en" if found and found.value == "en" else "zh"


def _is_page(message: Scope) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/html") for name, value in message.get("headers", []))


def is_english() -> bool:
    return _now.get() == "en"


def t(zh: str, en: str) -> str:
    """The words of the site in the reader's language."""
    return en if is_english() else zh


def zh(text: object) -> str:
    """What is printed or named in Chinese, whichever language the page is in."""
    return Markup('<span lang="zh-CN">{}</span>').format(text) if is_english() else escape(text)


def other(query: str, known: Container[str] | None = None) -> str:
    """The address of the same page in the other language, relative to it; of arguments only those that are known."""
    pairs = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != _ASKED]
    kept = [(name, value) for name, value in pairs if known is None or name in known]
    return "?" + urlencode([*kept, (_ASKED, t("en", "zh"))])
