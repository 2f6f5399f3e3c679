"""``daedam serve``."""

import argparse
import asyncio
import errno
import logging
import os
import signal
import sys
import time

from aiohttp import web

from server.access import EVERY_SESSION, Principal, Role
from server.api import context
from server.app import make_app
from server.entrance import tls
from server.entrance.tls import Tls
from server.lockfile import DataLock, RunningServer
from server.media import selftest
from server.settings import Settings, SettingsError

STOP_S = 20.0
"""After SIGTERM: open utterances are finished, then connections are closed."""
LOCAL_LINK_S = 366 * 24 * 3600


def serve(settings: Settings, options: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C."""
    del options
    logging.basicConfig(
        level=_log_level(os.environ.get("DAEDAM_LOG") or "INFO"),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    settings.check()
    secured = tls.load(settings)
    # They log addresses of people at INFO.
    for name in ("aioice", "aiortc"):
        logging.getLogger(name).setLevel(logging.WARNING)
    selftest.check()
    lock = DataLock.take(settings.data)
    try:
        asyncio.run(_serve(settings, lock, secured))
    finally:
        lock.close()
    return 0


def _log_level(name: str) -> int:
    levels = logging.getLevelNamesMapping()
    if name.upper() not in levels:
        raise SettingsError(f"DAEDAM_LOG is wrong: choose one of {', '.join(levels)}.")
    return levels[name.upper()]


async def _serve(settings: Settings, lock: DataLock, secured: Tls | None) -> None:
    began = time.monotonic()
    app = make_app(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_S)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print("Loading the models …", file=sys.stderr, flush=True)
    await runner.setup()
    try:
        url = await _listen(runner, settings, secured)
        local = Principal(roles=frozenset({Role.OPERATOR}), session=EVERY_SESSION)
        token = app[context.LINKS].make(local, LOCAL_LINK_S)
        fingerprint = secured.certificate.fingerprint.hex() if secured else None
        server = RunningServer(os.getpid(), url, token, fingerprint, settings.public_url)
        await asyncio.to_thread(lock.announce, server)
        print(f"Ready after {time.monotonic() - began:.1f} s.", file=sys.stderr)
        if settings.public_url is not None:
            print(f"People come in at {settings.public_url}", file=sys.stderr)
        print(url, flush=True)
        await stop.wait()
        print("Stopping: open utterances are finished first …", file=sys.stderr, flush=True)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: Settings, secured: Tls | None) -> str:
    """Open the port and return the address of this server on this machine.

    Raises:
        SettingsError: the port cannot be had.
    """
    site = web.TCPSite(
        runner,
        settings.host,
        settings.port,
        reuse_address=True,
        ssl_context=secured.context if secured else None,
    )
    try:
        await site.start()
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
