"""Puts the server together: every shared resource lives in one cleanup context."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
from aiohttp import web

from pipeline.assembly import Ears
from pipeline.evaluation.keywords import KeywordEvaluator
from pipeline.inference import Executor
from pipeline.models import Registry
from pipeline.processes import LocalConfig
from pipeline.routing import RoutedExecutor
from server.api import context, contracts, http, pages
from server.api.middleware import know_the_caller, let_listed_pages_read, speak_json
from server.api.operations import gauges
from server.api.peers import Peers
from server.api.readiness import Readiness
from server.api.voice import MAX_TRIES, TRIES_S
from server.budget import MemoryBudget
from server.entrance.links import Links, load_key
from server.entrance.ratelimit import SlidingWindow
from server.entrance.resumes import Resumes
from server.exchange.local import LocalExchange
from server.exchange.protocol import Exchange
from server.exchange.redis import RedisExchange
from server.exchange.relay import Relay
from server.journal.measured import MeasuredJournal
from server.journal.opening import open_journal
from server.lockfile import make_data_folder
from server.media.peer import PeerConfig
from server.operations.looplag import LoopLag
from server.operations.measured import MeasuredExecutor
from server.operations.metrics import SOUND_NOT_KEPT, Metrics
from server.rooms import Rooms
from server.services import Services
from server.settings import Settings, is_loopback
from server.store.folder import FOLDER, FolderStore
from server.tasks import Tasks

log = logging.getLogger(__name__)

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
    app[context.METRICS] = Metrics()
    app[context.READINGS] = SlidingWindow(MAX_TRIES, TRIES_S)
    app.add_routes(http.routes())
    app.add_routes(pages.routes())
    app.add_routes(contracts.routes())
    app.on_response_prepare.append(pages.guard)
    app.cleanup_ctx.append(_loop_lag)
    app.cleanup_ctx.append(_keys)
    app.cleanup_ctx.append(_journal)
    app.cleanup_ctx.append(_exchange)
    app.cleanup_ctx.append(_readiness)
    if executor is not None:
        app[context.EXECUTOR] = MeasuredExecutor(executor, app[context.METRICS])
    else:
        app.cleanup_ctx.append(_workers)
    app.cleanup_ctx.append(_store)
    app.cleanup_ctx.append(_rooms)
    app.cleanup_ctx.append(_peers)
    # Rooms go before the sockets are torn down, so that everybody is told and nothing is lost.
    app.on_shutdown.append(_close_rooms)
    return app


async def _loop_lag(app: web.Application) -> AsyncIterator[None]:
    app[context.LOOP_LAG] = lag = LoopLag(app[context.METRICS].observe_loop_lag)
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
    app[context.OPENED] = opened = await open_journal(app[context.SETTINGS])
    app[context.JOURNAL] = MeasuredJournal(opened.journal, app[context.METRICS])
    yield
    await opened.close()


async def _readiness(app: web.Application) -> AsyncIterator[None]:
    app[context.READINESS] = readiness = Readiness(app[context.JOURNAL])
    yield
    await readiness.close()


async def _workers(app: web.Application) -> AsyncIterator[None]:
    settings = app[context.SETTINGS]
    config = LocalConfig(models=settings.models)
    if settings.workers is not None:
        config = replace(config, workers=settings.workers)
    async with RoutedExecutor(config) as executor:
        app[context.EXECUTOR] = MeasuredExecutor(executor, app[context.METRICS])
        app[context.READINESS].workers = executor
        await executor.wait_ready(WORKERS_READY_S)
        for kind, problem in executor.problems().items():
            log.error("%s: %s", kind, problem)
        if missing := await executor.voice_problem():
            log.warning("voices are not told apart: %s", missing)
        yield


async def _exchange(app: web.Application) -> AsyncIterator[None]:
    name, opened = secrets.token_hex(4), app[context.OPENED]
    exchange: Exchange = LocalExchange(name)
    if opened.redis is not None and opened.subscriptions is not None:
        exchange = RedisExchange(opened.redis, opened.subscriptions, name)
    app[context.EXCHANGE] = exchange
    async with aiohttp.ClientSession() as client:
        app[context.RELAY] = Relay(exchange, app[context.LINKS], client, app[context.METRICS])
        yield
    await exchange.close()


async def _store(app: web.Application) -> AsyncIterator[None]:
    metrics = app[context.METRICS]
    app[context.STORE] = store = FolderStore(
        app[context.SETTINGS].data / FOLDER,
        lambda count: metrics.count_drop(SOUND_NOT_KEPT, count),
    )
    yield
    await store.close()


async def _rooms(app: web.Application) -> AsyncIterator[None]:
    settings = app[context.SETTINGS]
    ears = await asyncio.to_thread(Ears.load, Registry.default(settings.models))
    services = Services(
        journal=app[context.JOURNAL],
        exchange=app[context.EXCHANGE],
        relay=app[context.RELAY],
        executor=app[context.EXECUTOR],
        ears=ears,
        evaluator=KeywordEvaluator(),
        metrics=app[context.METRICS],
        settings=settings,
        store=app[context.STORE],
        resumes=Resumes(app[context.LINKS].resume_key),
    )
    app[context.ROOMS] = rooms = Rooms(services)
    rooms.start()
    app[context.METRICS].watch(lambda: gauges(app))
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
