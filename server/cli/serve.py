"""``daedam serve``."""

import argparse
import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import time
from collections.abc import Callable

from aiohttp import web

from server.access import EVERY_SESSION, Principal, Role
from server.api import context
from server.app import make_app
from server.entrance import tls
from server.entrance.tls import Tls
from server.exchange.address import internal_url
from server.lockfile import DataLock, RunningServer
from server.media import selftest
from server.operations import logs
from server.operations.logs import progress
from server.settings import Settings, SettingsError

log = logging.getLogger(__name__)

STOP_S = 20.0
"""After SIGTERM: open utterances are finished, then connections are closed."""
LOCAL_LINK_S = 366 * 24 * 3600


def serve(settings: Settings, options: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C."""
    del options
    logs.setup(
        os.environ.get("DAEDAM_LOG") or "INFO", os.environ.get("DAEDAM_LOG_FORMAT") or "text"
    )
    settings.check()
    secured = tls.load(settings)
    # They log addresses of people at INFO.
    for name in ("aioice", "aiortc"):
        logging.getLogger(name).setLevel(logging.WARNING)
    selftest.check()
    lock = DataLock.take(settings.data)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(settings, lock, secured))
    finally:
        lock.close()
    return 0


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the loop: uvloop, which hears with less work, where there is one."""
    try:
        import uvloop
    except ImportError:  # It is not made for every system.
        return None
    return uvloop.new_event_loop


async def _serve(settings: Settings, lock: DataLock, secured: Tls | None) -> None:
    began = time.monotonic()
    places = await _bound(settings)
    app = make_app(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_S)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    progress.info("Loading the models …")
    try:
        await runner.setup()
        logs.name_process(app[context.EXCHANGE].name)
        url = await _listen(runner, places, settings, secured)
        local = Principal(roles=frozenset({Role.OPERATOR}), session=EVERY_SESSION)
        token = app[context.LINKS].make(local, LOCAL_LINK_S)
        fingerprint = secured.certificate.fingerprint.hex() if secured else None
        server = RunningServer(os.getpid(), url, token, fingerprint, settings.public_url)
        await asyncio.to_thread(lock.announce, server)
        await _meet(app, await internal_url(settings, url), fingerprint, settings.direct_url)
        progress.info("Ready after %.1f s.", time.monotonic() - began)
        if settings.public_url is not None:
            progress.info("People come in at %s", settings.public_url)
        print(url, flush=True)
        await stop.wait()
        await _drain(app, settings.drain_s, stop)
        progress.info("Stopping: open utterances are finished first …")
    finally:
        await runner.cleanup()
        for place in places:
            place.close()


async def _meet(
    app: web.Application, url: str, fingerprint: str | None, direct_url: str | None
) -> None:
    """Let the other servers of this deployment know this one.

    Raises:
        SettingsError: they have another secret.
    """
    exchange = app[context.EXCHANGE]
    if not await exchange.agree(app[context.LINKS].mark):
        raise SettingsError(
            "Servers with another DAEDAM_SECRET run on this Redis (DAEDAM_JOURNAL): give all of "
            "them the same, or stop the others first."
        )
    await exchange.announce(url, fingerprint, direct_url)
    if not await app[context.RELAY].reaches_itself():
        log.error(
            "Other servers are told that this one is at %s, and it is not reached there: set "
            "DAEDAM_INTERNAL_URL, or what only this server can do fails at all others.",
            url,
        )


async def _drain(app: web.Application, duration_s: float, stop: asyncio.Event) -> None:
    """Serve on until proxies have noticed that nobody should be sent here any more."""
    app[context.READINESS].drain()
    app[context.ROOMS].drain()
    if duration_s:
        progress.info("Draining for %.0f s; a second signal stops at once.", duration_s)
        stop.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(duration_s):
                await stop.wait()


async def _bound(settings: Settings) -> list[socket.socket]:
    """Take the port before anything heavy is loaded; nobody is listened to yet.

    Raises:
        SettingsError: the port cannot be had.
    """
    places: list[socket.socket] = []
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, kind, protocol, _, address in dict.fromkeys(found):
            place = socket.socket(family, kind, protocol)
            places.append(place)
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                place.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            place.bind(address)
    except OSError as error:
        for place in places:
            place.close()
        raise _no_port(settings, error) from error
    return places


async def _listen(
    runner: web.AppRunner, places: list[socket.socket], settings: Settings, secured: Tls | None
) -> str:
    """Open the port and return the address of this server on this machine.

    Raises:
        SettingsError: somebody else began to listen meanwhile.
    """
    ssl_context = secured.context if secured else None
    try:
        for place in places:
            await web.SockSite(runner, place, ssl_context=ssl_context).start()
    except OSError as error:
        raise _no_port(settings, error) from error
    port = runner.addresses[0][1]  # The real one where 0 was asked for.
    wildcard = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
    host = wildcard.get(settings.host, settings.host)
    scheme = "https" if secured else "http"
    if ":" in host and host[0] != "[":
        host = f"[{host}]"
    return f"{scheme}://{host}:{port}"


def _no_port(settings: Settings, error: OSError) -> Exception:
    where = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return SettingsError(f"{where} is in use; choose another port with --port.")
    return SettingsError(f"Cannot listen on {where}: {error.strerror or error}.")
