"""The key under which CDX files hold an address: its host turned round, what does not matter left out.

Readers look an address up by this key, so it must be the one that they make, which is that of the Internet Archive's
tools. Their package `surt` is not used: its licence is the AGPL, and it asks the name server for hosts like 1.2.3.4.
"""

import re
from urllib.parse import quote, unquote_to_bytes, urlsplit

_SAFE = "!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~"
_WWW = re.compile(r"www\d*\.")
_IN_PATH = re.compile(r"/\((?:(?:[a-z]\([0-9a-z]{24}\))+|[0-9a-z]{24})\)/")  # a session of ASP.NET
_IN_QUERY = tuple(
    re.compile(f"{session}(?:&|$)")
    for session in (
        "jsessionid=[0-9a-z]{32}",
        "phpsessid=[0-9a-z]{32}",
        "sid=[0-9a-z]{32}",
        "aspsessionid[a-z]{8}=[a-z]{24}",
        "cfid=[^&]{1,99}&cftoken=[^&]{1,99}",
    )
)


def surt(url: str) -> str:
    """The key of an http address."""
    parts = urlsplit(url)
    host = (parts.hostname or "").strip(".")
    www = _WWW.match(host)
    host = ",".join(reversed(host[www.end() if www else 0 :].split(".")))
    port = "" if parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f":{parts.port}"
    query = _query(_escaped(_plain(parts.query)))
    return f"{host}{port}){_path(_plain(parts.path))}" + (f"?{query}" if query else "")


def _plain(text: str) -> bytes:
    """Without %-escapes, and without escapes of escapes."""
    plain = text.encode()
    for _ in range(10):
        plain = unquote_to_bytes(plain)
    return plain


def _escaped(plain: bytes) -> str:
    return quote(plain, safe=_SAFE).lower()


def _path(plain: bytes) -> str:
    segments: list[bytes] = []
    for segment in plain.split(b"/")[1:]:
        if segment == b"..":
            segments = segments[:-1] if segments else [segment]
        elif segment != b".":
            segments.append(segment)
    inner = [segment + b"/" for segment in segments[:-1] if segment]
    path = _escaped(b"/" + b"".join(inner + segments[-1:]))
    if ".aspx" in path:
        path = _IN_PATH.sub("/", path, count=1)
    return path if path == "/" else path.removesuffix("/")


def _query(query: str) -> str:
    for session in _IN_QUERY:
        for found in list(session.finditer(query))[-1:]:
            query = query[: found.start()] + query[found.end() :]
    return "&".join("=".join(pair) for pair in sorted(argument.split("=", 1) for argument in query.split("&")))
