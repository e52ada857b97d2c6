"""The public site: Datasette over DATA/nianbao.db, with the pages, words and looks of `site/`."""

import socket
from importlib.resources import files
from pathlib import Path

_SETTINGS = {
    "default_page_size": "50",
    "sql_time_limit_ms": "1000",
    "suggest_facets": "off",
    "allow_download": "on",
}


def arguments(data: Path, port: int, host: str = "127.0.0.1") -> list[str]:
    """What follows `python -m datasette`. The database is opened for reading only, and may be built anew meanwhile."""
    site = Path(str(files("archive") / "site"))
    settings = [word for name, value in _SETTINGS.items() for word in ("--setting", name, value)]
    return [
        *("serve", str(data / "nianbao.db"), "--host", host, "--port", str(port)),
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
