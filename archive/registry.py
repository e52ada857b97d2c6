"""What is collected: one TOML file per province in `portals/`, one table per portal. Unknown keys are refused."""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from archive.model import Portal, fitting

_TYPES: dict[str, type] = {
    "name": str,
    "slug": str,
    "home": str,
    "columns": list,
    "hosts": list,
    "expect_reports": bool,
    "note": str,
}


class RegistryError(ValueError):
    """An entry is not as it must be. The text names file, portal and key."""


def load(paths: Iterable[Path] = (), bundled: bool = True) -> dict[str, Portal]:
    """code → portal: the bundled registry, then each file or folder in `paths`; a later entry replaces an earlier."""
    sources: list[Traversable] = [files("archive") / "portals"] if bundled else []
    sources += [Path(path) for path in paths]
    portals: dict[str, Portal] = {}
    for source in sources:
        for file in _files(source):
            portals.update(_read(file))
    slugs: dict[str, str] = {}
    for portal in portals.values():
        if slugs.setdefault(portal.slug, portal.code) != portal.code:
            raise RegistryError(f"slug {portal.slug!r} stands for both {slugs[portal.slug]} and {portal.code}")
    return portals


def _files(source: Traversable) -> list[Traversable]:
    if source.is_dir():
        return sorted((f for f in source.iterdir() if f.name.endswith(".toml") and f.is_file()), key=lambda f: f.name)
    if not source.is_file():
        raise RegistryError(f"{source}: no such file or folder")
    return [source]


def _read(file: Traversable) -> dict[str, Portal]:
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RegistryError(f"{file.name}: {error}") from None
    return {code: _portal(file.name, code, entry) for code, entry in data.items()}


def _portal(filename: str, code: str, entry: Any) -> Portal:
    where = f"{filename}, [{code}]"
    if not (len(code) == 6 and code.isascii() and code.isdecimal()):
        raise RegistryError(f"{where}: a portal is a table named by its six-digit code (GB/T 2260)")
    if not isinstance(entry, dict):
        raise RegistryError(f"{where}: must be a table of {', '.join(_TYPES)}")
    for key, value in entry.items():
        if key not in _TYPES:
            raise RegistryError(f"{where}: unknown key {key!r}; known are {', '.join(_TYPES)}")
        if not isinstance(value, _TYPES[key]) or (
            isinstance(value, list) and not all(isinstance(v, str) for v in value)
        ):
            raise RegistryError(f"{where}: {key} has the wrong type")
    if not entry.get("name") or not entry.get("slug"):
        raise RegistryError(f"{where}: name and slug are needed")
    for url in (entry.get("home", ""), *entry.get("columns", ())):
        if url and not is_http(url):
            raise RegistryError(f"{where}: {url!r} is not an http address")
    for host in entry.get("hosts", ()):
        if not is_http(f"http://{host}/") or "/" in host:
            raise RegistryError(f"{where}: {host!r} is not a host, with or without a port")
    return from_dict({"code": code, **entry})


def is_http(url: str) -> bool:
    """Whether a portal can stand at this address."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an address such as http://[:: or http://h:abc
        return False


def from_dict(entry: Mapping[str, Any]) -> Portal:
    """The portal of an entry as a TOML file holds it, or as the archive keeps it."""
    return Portal(**{**fitting(Portal, entry), **{k: tuple(entry.get(k, ())) for k in ("columns", "hosts")}})


def find(names: Iterable[str], portals: Mapping[str, Portal]) -> list[Portal]:
    """The portals that `names` mean (codes, slugs or hosts), each once. No name means every portal that has a home."""
    names = list(names)
    if not names:
        return [p for p in portals.values() if p.home]
    return list(dict.fromkeys(_find_one(name, portals) for name in names))


def _find_one(name: str, portals: Mapping[str, Portal]) -> Portal:
    for portal in portals.values():
        if name in (portal.code, portal.slug) or (portal.home and name in allowed_hosts(portal)):
            if not portal.home:
                raise RegistryError(
                    f"{portal.name} ({portal.code}) has no home address in the registry: it is a known gap"
                )
            return portal
    raise RegistryError(f"no portal {name!r} in the registry; name it by code (370112), slug (licheng) or host")


def allowed_hosts(portal: Portal) -> frozenset[str]:
    """The only hosts that a visit of this portal may talk to, as `host_of` writes them."""
    addresses = (portal.home, *portal.columns, *(f"http://{host}/" for host in portal.hosts))
    return frozenset(host_of(url) for url in addresses if url)


def nowhere(home: str) -> str:
    """An address of a portal that does not exist: what is answered there may be answered instead of other pages."""
    return urljoin(home, hashlib.sha256(home.encode()).hexdigest()[:20] + ".html")


def host_of(url: str) -> str:
    """Host of an address in lower case, with its port where that is not the scheme's own."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, usual) else f"{host}:{parts.port}"
