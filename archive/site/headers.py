"""Security headers on every answer of the site."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Send = Callable[[Scope], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]

_OURS = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Datasette's own pages have scripts and styles within the page.
_DATASETTES = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A picture has styles within itself, and needs nothing else.
_PICTURES = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
_ITS_PATHS = re.compile(r"/(?:nianbao|-)(?:[/.]|$)")


def add_to(app: App) -> App:
    """The app, with our headers on every answer."""

    async def with_headers(scope: Scope, receive: Any, send: Send) -> None:
        path = scope.get("path", "")
        policy = _DATASETTES if _ITS_PATHS.match(path) else _PICTURES if path.endswith(".svg") else _OURS

        async def send_more(message: Scope) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_headers(policy)]}
            await send(message)

        await app(scope, receive, send_more)

    return with_headers


def _headers(policy: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"same-origin"),
    ]
