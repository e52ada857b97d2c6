"""The site: Datasette over a folder's nianbao.db, with the pages, words and looks of `site/`."""

import socket
from importlib.resources import files
from pathlib import Path

_SETTINGS = {
    "default_page_size": "50",
    "sql_time_limit_ms": "1000",
    "suggest_facets": "off",
    "allow_download": "on",
}
# What anybody may ask: no SQL, and nothing that is made for one reader alone out of all of the data. For that there are
# the files at /data. Threads: archive.site.admission lets four pages and two heavy questions be at work at once, and
# each has one query at a time. SQLite's own cache of 2 MB a thread is less than an index of 1,000,000 facts.
_PUBLIC = {
    "sql_time_limit_ms": "800",
    "facet_time_limit_ms": "150",
    "default_facet_size": "20",
    "max_returned_rows": "500",
    "num_sql_threads": "6",
    "cache_size_kb": "20000",
    "default_allow_sql": "off",
    "allow_csv_stream": "off",
    "allow_download": "off",
}


def arguments(data: Path, port: int, host: str = "127.0.0.1", is_public: bool = False) -> list[str]:
    """What follows `python -m datasette`. The database is opened for reading only.

    An operator's may be built anew meanwhile; the public copy is a file that never changes, behind a pointer that may.
    """
    site = Path(str(files("archive") / "site"))
    chosen = _SETTINGS | (_PUBLIC if is_public else {})
    settings = [word for name, value in chosen.items() for word in ("--setting", name, value)]
    return [
        *("serve", *(["-i"] if is_public else []), str(data / "nianbao.db"), "--host", host, "--port", str(port)),
        *("--metadata", str(site / "metadata.json")),
        *("--template-dir", str(site / "templates")),
        *("--plugins-dir", str(site / "plugins")),
        *("--static", f"site:{site / 'static'}"),
        *settings,
    ]


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: TIME_WAIT is no hindrance
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
