"""One Chromium for a visit, started when it is first needed, with no way to the network of its own."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from scrapy.settings import BaseSettings

if TYPE_CHECKING:
    from playwright.async_api import Browser as Chromium
    from playwright.async_api import BrowserContext, Playwright

T = TypeVar("T")

ABSENT = "this list is built by script; install nianbao[browser] and Chromium to read it"
WAIT = 20.0  # seconds for any single answer of the browser: a page's script may never come to an end

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
NO_PROXY_THERE = "http://127.0.0.1:1"
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
    "--dns-prefetch-disable",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-first-run",
)


class Absent(Exception):
    """There is no browser to render with."""


async def soon(answer: Awaitable[T]) -> T:
    """An answer of the browser. Raises TimeoutError."""
    return await asyncio.wait_for(answer, WAIT)


def executable(setting: str | None) -> str:
    """Path of the browser: as NIANBAO_BROWSER names it, or else an installed one; "" where there is none."""
    if setting is not None:
        return setting if Path(setting).is_file() else ""
    installed = (shutil.which(name) for name in NAMES)
    return next(filter(None, installed), None) or next(filter(os.path.isfile, PLACES), "")


class Browser:
    """Gives contexts, each with a profile of its own that is gone with it."""

    def __init__(self, settings: BaseSettings) -> None:
        self._settings = settings
        self._playwright: Playwright | None = None
        self._chromium: Chromium | None = None
        self._absent = ""

    @contextlib.asynccontextmanager
    async def context(self) -> AsyncIterator["BrowserContext"]:
        """Raises Absent."""
        await self._start()
        assert self._chromium
        context = await self._chromium.new_context(
            service_workers="block",
            accept_downloads=False,
            user_agent=self._settings["USER_AGENT"],
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        try:
            yield context
        finally:
            await soon(context.close())

    async def _start(self) -> None:
        if self._absent:
            raise Absent(self._absent)
        if self._chromium and self._chromium.is_connected():
            return
        try:
            await self._launch()
        except ImportError:
            self._absent = ABSENT
            raise Absent(ABSENT) from None
        except Exception as error:
            await self.close()
            self._absent = f"{ABSENT} ({str(error).strip().partition(chr(10))[0]})"
            raise Absent(self._absent) from error

    async def _launch(self) -> None:
        from playwright.async_api import async_playwright

        setting = self._settings["NIANBAO_BROWSER"]
        path = executable(setting)
        if setting is not None and not path:
            raise FileNotFoundError(f"NIANBAO_BROWSER={setting!r} is no file")
        self._playwright = await async_playwright().start()
        self._chromium = await self._playwright.chromium.launch(
            executable_path=path or None,  # None: the one that `playwright install chromium` has put there
            args=list(ARGUMENTS),
            proxy={"server": NO_PROXY_THERE},
            chromium_sandbox=getattr(os, "geteuid", lambda: 1)() != 0,  # root cannot have one
        )

    async def close(self) -> None:
        chromium, playwright = self._chromium, self._playwright
        self._chromium = self._playwright = None
        for end in (chromium and chromium.close, playwright and playwright.stop):
            with contextlib.suppress(Exception):  # it is gone already, or hangs: its driver ends with us
                await soon(end()) if end else None
