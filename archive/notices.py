"""News to readers and alarms to the operator, on two channels, by whatever Apprise can reach (mail, webhooks, chat).

Off unless addresses are given (https://appriseit.com): NIANBAO_NOTIFY_NEWS and NIANBAO_NOTIFY_OPERATOR, each one or
more Apprise addresses parted by blanks. Needs the extra `notify`.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import sqlite_utils

from archive import news
from archive.model import Portal

NEWS, OPERATOR = "NIANBAO_NOTIFY_NEWS", "NIANBAO_NOTIFY_OPERATOR"
_LINES = 50  # of one message


class NotSent(Exception):
    """A message did not reach its channel. The text says why and what to do."""


def after_crawl(data: Path, portals: Iterable[Portal], damaged: Sequence[str]) -> None:
    """Tells readers what is new and the operator what is wrong. Raises NotSent; what was not sent is told next time."""
    alarms = [*damaged, *(line for portal in portals for line in _alarm(data, portal))]
    if alarms and os.environ.get(OPERATOR):
        _send(OPERATOR, f"nianbao: {len(alarms)} things to look at", alarms)
    if os.environ.get(NEWS) and (events := news.untold(data)):
        _send(NEWS, f"年报 nianbao：{len(events)} 条新消息", [event["message"] for event in events])
        news.tell(data)


def _alarm(data: Path, portal: Portal) -> list[str]:
    """A line where a portal could not be read twice running, or can be again: a single failure mends itself mostly."""
    db = sqlite_utils.Database(data / "nianbao.db")
    sql = "select verdict, message from runs where portal = ? and not by_hand order by started desc, id desc limit 3"
    last = list(db.query(sql, [portal.code]))
    good = [portal.expects(run["verdict"]) for run in last]
    if good[:2] == [False, False] and good[2:] != [False]:
        return [f"{portal.code} {portal.name}: {last[0]['verdict']} twice running: {last[0]['message']}"]
    return [f"{portal.code} {portal.name}: works again"] if good == [True, False, False] else []


def _send(channel: str, title: str, lines: Sequence[str]) -> None:
    try:
        import apprise
    except ImportError:
        raise NotSent(f"{channel} is set, and Apprise is not installed: pip install 'nianbao[notify]'") from None
    more = [f"… {len(lines) - _LINES} more"] if len(lines) > _LINES else []
    sender = apprise.Apprise()
    for address in os.environ[channel].split():
        if not sender.add(address):
            raise NotSent(f"{channel} holds something that is no Apprise address; see https://appriseit.com")
    if not sender.notify(title=title, body="\n".join([*lines[:_LINES], *more])):
        raise NotSent(f"a message to {channel} could not be delivered; it is sent again after the next crawl")
