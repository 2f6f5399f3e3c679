"""Puts the server together: every shared resource lives in one cleanup context."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from pipeline.assembly import Ears
from pipeline.evaluation.keywords import KeywordEvaluator
from pipeline.inference import Executor
from pipeline.models import Registry
from pipeline.processes import LocalConfig, LocalExecutor
from server.api import context, http, pages
from server.api.middleware import know_the_caller, let_listed_pages_read, speak_json
from server.api.peers import Peers
from server.budget import MemoryBudget
from server.entrance.links import Links, load_key
from server.journal.sqlite import SqliteJournal
from server.lockfile import make_data_folder
from server.looplag import LoopLag
from server.media.peer import PeerConfig
from server.room import Services
from server.rooms import Rooms
from server.settings import Settings, is_loopback
from server.tasks import Tasks

log = logging.getLogger(__name__)

JOURNAL_FILE = "journal.sqlite3"
WORKERS_READY_S = 120.0


def make_app(settings: Settings, executor: Executor | None = None) -> web.Application:
    """Return the application; nothing runs before it starts.

    Args:
        settings: checked ones.
        executor: runs the model work; None: local worker processes.
    """
    app = web.Application(middlewares=[let_listed_pages_read, speak_json, know_the_caller])
    app[context.SETTINGS] = settings
    app[context.BUDGET] = MemoryBudget(settings.memory_budget)
    app.add_routes(http.routes())
    app.add_routes(pages.routes())
    app.on_response_prepare.append(pages.guard)
    app.cleanup_ctx.append(_loop_lag)
    app.cleanup_ctx.append(_keys)
    app.cleanup_ctx.append(_journal)
    if executor is not None:
        app[context.EXECUTOR] = executor
    else:
        app.cleanup_ctx.append(_workers)
    app.cleanup_ctx.append(_rooms)
    app.cleanup_ctx.append(_peers)
    # Rooms go before the sockets are torn down, so that everybody is told and nothing is lost.
    app.on_shutdown.append(_close_rooms)
    return app


async def _loop_lag(app: web.Application) -> AsyncIterator[None]:
    app[context.LOOP_LAG] = lag = LoopLag()
    tasks = Tasks("loop lag")
    tasks.start(lag.run(), "measure")
    yield
    await tasks.close()


async def _keys(app: web.Application) -> AsyncIterator[None]:
    settings = app[context.SETTINGS]
    app[context.LINKS] = Links(await asyncio.to_thread(_key, settings.secret, settings.data))
    yield


def _key(secret: str | None, data: Path) -> str:
    make_data_folder(data)
    return load_key(secret, data)


async def _journal(app: web.Application) -> AsyncIterator[None]:
    journal = await asyncio.to_thread(SqliteJournal, app[context.SETTINGS].data / JOURNAL_FILE)
    app[context.JOURNAL] = journal
    yield
    await journal.close()


async def _workers(app: web.Application) -> AsyncIterator[None]:
    settings = app[context.SETTINGS]
    config = LocalConfig(models=settings.models)
    if settings.workers is not None:
        config = replace(config, workers=settings.workers)
    async with LocalExecutor(config) as executor:
        app[context.EXECUTOR] = executor
        await executor.wait_ready(WORKERS_READY_S)
        for kind, problem in executor.problems().items():
            log.error("%s: %s", kind, problem)
        yield


async def _rooms(app: web.Application) -> AsyncIterator[None]:
    settings = app[context.SETTINGS]
    ears = await asyncio.to_thread(Ears.load, Registry.default(settings.models))
    services = Services(
        journal=app[context.JOURNAL],
        executor=app[context.EXECUTOR],
        ears=ears,
        evaluator=KeywordEvaluator(),
        settings=settings,
        holder=secrets.token_hex(8),
    )
    app[context.ROOMS] = rooms = Rooms(services)
    rooms.start()
    yield
    await rooms.close()
    await asyncio.to_thread(ears.close)  # It waits for its threads.


async def _peers(app: web.Application) -> AsyncIterator[None]:
    settings = app[context.SETTINGS]
    config = PeerConfig(
        bind_address=settings.bind_address,
        # Chromium without a network meets the server there; Firefox never does, and needs the
        # machine's own addresses. A packet is taken only with the password of an answer.
        with_loopback=is_loopback(settings.host),
        announced_address=settings.announced_address,
    )
    app[context.PEERS] = peers = Peers(config, app[context.BUDGET])
    yield
    await peers.close()


async def _close_rooms(app: web.Application) -> None:
    await app[context.ROOMS].close()
    await app[context.PEERS].close()
