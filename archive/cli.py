"""The command `nianbao`. Exit codes: 0 done; 1 done, but something is wrong; 2 wrong use; 3 data folder in use;
4 disk full. docs/running.md says what an operator does about each.

What takes long to import, the parsers above all, is imported by the commands that need it: Python imports this module
again in each child process of archive.reader.
"""

import io
import json
import os
import sqlite3
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from archive import clock, decisions, disk, lock, registry, serve, values, warc
from archive.adding import add
from archive.cluster import commands as clustered
from archive.export import export
from archive.model import Portal
from archive.options import Ended, build_rows, database, existing, first_capture, folder_of, need_contact, options
from archive.publishing import publish
from archive.verifying import verify

if TYPE_CHECKING:
    import sqlite_utils

    from archive.pictures import Pictures
    from archive.reader import Reader

MAKE_ROOM = "make room and run the same command again; nothing that was received is lost"
DEMO_CONTACT = "https://example.org/nianbao-demo"


def main() -> None:
    """Runs the command; every expected error is one line on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show 年报 is no reason to fail
    try:
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        _end(1, "interrupted; what was received is kept, run the same command again to go on")
    except click.ClickException as error:
        _end(2, error.format_message())
    except (registry.RegistryError, decisions.DecisionError, clock.ClockError, values.WrongValue) as error:
        _end(2, str(error))
    except lock.Busy as error:
        _end(3, str(error))
    except (warc.Damaged, OSError, sqlite3.DatabaseError) as error:
        _end(*_told(error))
    except Ended as error:
        _end(error.code, str(error))
    except Exception as error:
        _end(1, f"{type(error).__name__}: {error} (this is a fault of nianbao; --debug shows where)")


def _told(error: Exception) -> tuple[int, str]:
    """The exit code of what went wrong with the data folder, and what to say."""
    if disk.is_full(error):
        return 4, f"{error}; {MAKE_ROOM}"
    if not isinstance(error, sqlite3.DatabaseError):
        return 1, str(error)
    if isinstance(error, sqlite3.OperationalError):
        again = "what was received is kept, run `nianbao build` again"
        return 1, f"the database cannot be read or written ({error}); {again}"
    return 1, f"the database cannot be read ({error}); run `nianbao build --full`"


def _end(code: int, message: str) -> None:
    if "--debug" in sys.argv and sys.exc_info()[0]:
        traceback.print_exc()
    if message:
        click.echo(f"nianbao: {message}", err=True)
    sys.exit(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nianbao")
def cli() -> None:
    """年报 — an archive of Chinese district governments' annual reports on open government information."""


@cli.command()
@click.argument("portals", nargs=-1)
@click.option("--recheck", is_flag=True, help="Ask again for all reports and list pages, however lately they were had.")
@options
def crawl(
    portals: tuple[str, ...],
    recheck: bool,
    data: Path | None,
    registries: tuple[Path, ...],
    only_registry: bool,
    settings: dict[str, str],
) -> int:
    """Visit PORTALS (code, slug or host; none = all), archive every exchange, then build."""
    need_contact()
    chosen = registry.find(portals, registry.load(registries, bundled=not only_registry))
    given = {
        "NIANBAO_REGISTRY": os.pathsep.join(str(p.absolute()) for p in registries),
        "NIANBAO_ONLY_REGISTRY": str(int(only_registry)),
        "NIANBAO_RECHECK": str(int(recheck)),
    }
    folder = folder_of(data)
    if path := first_capture(folder, sample=True):
        raise Ended(2, f"{folder} holds sample captures ({path.name}); choose another folder with --data")
    return _crawl(chosen, folder, given | settings, {})


def _crawl(chosen: list[Portal], data: Path, settings: dict[str, str], environment: dict[str, str]) -> int:
    from archive import metrics, repair, visits

    decisions.load(data)  # the build needs them: what is wrong with them is said before anybody is visited
    with lock.locked(data) as held:
        folders = {portal.code for portal in chosen}
        for line in repair.repair(p for p in warc.files(data) if p.parent.name in folders):
            click.echo(f"nianbao: {line}", err=True)
        files, known = {path.name for path in warc.files(data)}, _report_ids(data)
        shortage = visits.send(chosen, data, settings, environment, [held])
        damaged = build_rows(data, full=False)
        good = [_tell(portal, data, files, known, shortage) for portal in chosen]
        metrics.write(data)
        told = _notify(data, chosen, damaged)
    if shortage:
        raise Ended(4, f"{data}: {shortage}; {MAKE_ROOM}")
    return int(bool(damaged) or not all(good) or not told)


def _notify(data: Path, portals: list[Portal], damaged: list[str]) -> bool:
    from archive import notices

    try:
        notices.after_crawl(data, portals, damaged)
    except notices.NotSent as error:
        click.echo(f"nianbao: {error}", err=True)
        return False
    return True


def _report_ids(data: Path) -> set[str]:
    path = data / "nianbao.db"
    try:
        return {row["id"] for row in _open(path).query("select id from reports")} if path.exists() else set()
    except sqlite3.DatabaseError:
        return set()  # the build will say so


def _open(path: Path) -> "sqlite_utils.Database":
    import sqlite_utils

    return sqlite_utils.Database(path)


def _tell(portal: Portal, data: Path, files: set[str], known: set[str], shortage: str) -> bool:
    """The closing line of a visit, given the files and reports there were before. Whether it ended as it should."""
    from archive import show

    written = [p for p in warc.files(data) if p.parent.name == portal.code and p.name not in files]
    db = _open(data / "nianbao.db")
    ids = [warc.run_of(path) for path in written]
    visit = next(iter(db.table("runs").rows_where("id = ?", ids[-1:])), None) if ids else None
    if not visit:
        reason = "could not be built" if written else shortage or "did not begin"
        click.echo(f"{portal.code} {portal.name}: {reason}; see {data / 'logs' / portal.code}.log")
        return False
    current = list(db.query("select id, revision from reports where portal = ? and current", [portal.code]))
    fresh = [row["revision"] for row in current if row["id"] not in known]
    new, revised = fresh.count(1), len(fresh) - fresh.count(1)
    columns = db.table("columns").count_where("portal = ?", [portal.code])
    line = (
        f"{portal.code} {portal.name}: {visit['verdict']}; columns {columns}; reports {new} new, {revised} revised, "
        f"{len(current) - len(fresh)} unchanged; captures {visit['captures']}, bytes {visit['bytes']:,}"
    )
    click.echo(line + (f"; {show.printable(visit['message'])}" if visit["message"] else ""))
    return portal.expects(visit["verdict"])


@cli.command("probe")
@click.argument("url")
@options
def probe_command(url: str, settings: dict[str, str], **_: Any) -> None:
    """A dry run on URL, for whoever adds a portal: columns, reports, the registry entry to paste."""
    from archive import probe, show

    need_contact()
    if not registry.is_http(url):
        raise Ended(
            2, f"{url!r} is not an http address; probe takes a portal's home, such as http://www.example.gov.cn/"
        )
    for line in probe.probe(url, settings):
        click.echo(show.printable(line))


@cli.command("build")
@click.option("--full", is_flag=True, help="From nothing, not only what is new.")
@click.option("--from", "stores", multiple=True, metavar="STORE", help="First bring here what was shipped; repeatable.")
@options
def build_command(full: bool, stores: tuple[str, ...], data: Path | None, **_: Any) -> int:
    """WARC → SQLite."""
    folder = folder_of(data) if stores else existing(data)
    with lock.locked(folder):
        clustered.collect(stores, folder)
        damaged = build_rows(folder, full)
    db = _open(folder / "nianbao.db")
    click.echo(f"{folder / 'nianbao.db'}: {db.table('reports').count} reports, {db.table('captures').count} captures")
    return int(bool(damaged))


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
@options
def read(files: tuple[Path, ...], as_json: bool, registries: tuple[Path, ...], only_registry: bool, **_: Any) -> int:
    """Read report FILES without any archive: tables and findings, or JSON."""
    from archive.pictures import Pictures
    from archive.reader import Reader

    names = [p.name for p in registry.load(registries, bundled=not only_registry).values()]
    with Reader(workers=1) as reader, Pictures(reader, {}) as pictures:
        return max([_read(file, as_json, names, reader, pictures) for file in files])


def _read(file: Path, as_json: bool, names: list[str], reader: "Reader", pictures: "Pictures") -> int:
    from rich.console import Console

    from archive import show
    from archive.reader import Failed
    from parsers import document, report

    try:
        given = document.identify(file.read_bytes(), str(file))
        found = reader.call(report.read, [given], names)
        found = pictures.read(found, [given], [warc.payload_digest(given.content)], names)
    except (report.NotAReport, Failed, OSError) as error:
        reason = str(error.strerror if isinstance(error, OSError) else error)
        if as_json:
            click.echo(json.dumps({"file": str(file), "error": reason}, ensure_ascii=False))
        click.echo(f"nianbao: {file}: {reason}", err=True)
        return 1
    if as_json:
        click.echo(json.dumps(show.as_json(str(file), found), ensure_ascii=False))
    else:
        show.on_terminal(Console(), str(file), found)
    return 0


@cli.command()
@options
def check(data: Path | None, **_: Any) -> None:
    """Every finding, worst first."""
    from rich.console import Console

    from archive import show
    from parsers.checks import LEVELS

    db = _open(database(data))
    console = Console()
    rows = db.query(
        "select f.*, r.issuer, r.year from findings f join reports r on r.id = f.report where r.current"
        " order by r.portal, r.year, r.id, f.number"
    )
    for row in sorted(rows, key=lambda r: LEVELS.index(r["level"])):
        console.print(f"[{show.STYLES[row['level']]}]{row['level']}[/] {row['check_name']}: ", end="")
        line = show.printable(f"{row['issuer']} {row['year']}: {row['message']}")
        console.print(line, markup=False, highlight=False, soft_wrap=True)


@cli.command("news")
@click.option("--since", default="", metavar="DATE", help="A day in Beijing: 2026-03-01 (seven days ago).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object an event.")
@options
def news_command(since: str, as_json: bool, data: Path | None, **_: Any) -> None:
    """What is new, revised, withdrawn, back, moved or overdue."""
    from rich.console import Console

    from archive import news, show

    try:
        start = news.since(since)
    except ValueError:
        raise Ended(2, f"--since {since} is no day; write it as 2026-03-01") from None
    events = news.events(database(data).parent, start)
    if as_json:
        for event in events:
            click.echo(json.dumps(event, ensure_ascii=False))
    else:
        show.news(Console(), events, start)


@cli.command("status")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a portal.")
@options
def status_command(
    as_json: bool, data: Path | None, registries: tuple[Path, ...], only_registry: bool, **_: Any
) -> None:
    """How every portal stands, and which years' reports are there."""
    from rich.console import Console

    from archive import show, status

    known = registry.load(registries, bundled=not only_registry)
    rows = status.rows(database(data).parent, known)
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
    else:
        show.status(Console(), rows)


@cli.command("serve")
@click.option("--port", type=click.IntRange(1, 65535), default=8001, show_default=True, help="On 127.0.0.1.")
@click.option("--public", "is_public", is_flag=True, help="DATA/public as anybody may see it; see docs/publishing.md.")
@options
def serve_command(port: int, is_public: bool, data: Path | None, **_: Any) -> NoReturn:
    """Datasette on 127.0.0.1, read-only."""
    folder = folder_of(data) / "public" if is_public else database(data).parent
    if not (folder / "nianbao.db").exists():
        raise Ended(2, f"{folder} does not exist; `nianbao publish` makes it, --data names another folder")
    _serve(folder, port, is_public)


def _serve(data: Path, port: int, is_public: bool = False) -> NoReturn:
    if not serve.port_is_free("127.0.0.1", port):
        raise Ended(2, f"port {port} is in use; choose another with --port")
    click.echo(f"http://127.0.0.1:{port}/  (Ctrl-C ends)", err=True)
    # This process becomes Datasette, so that a signal sent to it reaches the server.
    os.execv(sys.executable, [sys.executable, "-m", "datasette", *serve.arguments(data, port, is_public=is_public)])  # noqa: S606


@cli.command()
@click.option("--no-serve", is_flag=True, help="Stop before serving.")
@click.option("--port", type=click.IntRange(1, 65535), default=8001, show_default=True, help="On 127.0.0.1.")
@options
def demo(no_serve: bool, port: int, data: Path | None, settings: dict[str, str], **_: Any) -> int:
    """The whole line on the bundled sample portals, over loopback; then serve it."""
    from archive import publishing
    from sample_portals import PORTALS, SamplePortals

    folder = folder_of(data, "data-demo")
    if path := first_capture(folder, sample=False):
        raise Ended(2, f"{folder} holds captures of real portals ({path.name}); choose another folder with --data")
    if not no_serve and not serve.port_is_free("127.0.0.1", port):
        raise Ended(2, f"port {port} is in use; choose another with --port")
    chosen = registry.find(PORTALS, registry.load())
    given = {"NIANBAO_SAMPLE": "1", "DOWNLOAD_DELAY": "0", "AUTOTHROTTLE_ENABLED": "0", **settings}
    with SamplePortals() as portals:
        way = dict.fromkeys(("http_proxy", "https_proxy"), portals.proxy_url)
        code = _crawl(chosen, folder, given, {**way, "no_proxy": "", "NIANBAO_CONTACT": DEMO_CONTACT})
    click.echo(f"样例 / sample data in {folder}")
    publishing.make(folder)
    if code or no_serve:
        return code
    _serve(folder, port)


cli.add_command(add)
cli.add_command(export)
cli.add_command(publish)
cli.add_command(verify)
for command in (clustered.enqueue, clustered.work, clustered.ship, clustered.cluster):
    cli.add_command(command)


if __name__ == "__main__":
    main()
