"""What operators' programs ask: is the process ready, and what has it counted."""

from collections import Counter

from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from server.api import context
from server.api.middleware import caller, json_response
from server.api.peer_line import PeerLine
from server.entrance.gate import admit_scraper
from server.operations.gauges import Gauges
from server.rooms import Rooms


async def ready(request: web.Request) -> web.Response:
    """Answer 200 while people may be sent here, else 503 and what is missing."""
    report = await request.app[context.READINESS].report()
    return json_response(report, 200 if report.is_ready else 503)


async def scrape(request: web.Request) -> web.Response:
    """Answer what the process has counted."""
    admit_scraper(caller(request), request.app[context.SETTINGS])
    await request.app[context.READINESS].report()
    text = await request.app[context.METRICS].text()
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


def gauges(app: web.Application) -> Gauges:
    """Return how things stand in this process."""
    everything: Rooms = app[context.ROOMS]
    rooms = list(everything)
    kinds = [connection.kind for room in rooms for connection in room.connections.values()]
    held = [room.holding for room in rooms if room.holding is not None and not room.session.is_over]
    backlog = app[context.EXECUTOR].backlog()
    return Gauges(
        is_ready=app[context.READINESS].is_ready,
        held=len(held),
        read=len(rooms) - len(held),
        sockets=sum(kind != PeerLine.kind for kind in kinds),
        peers=kinds.count(PeerLine.kind),
        tracks=sum(len(list(holding.tracks)) for holding in held),
        queued=backlog.queued,
        running=backlog.running,
        oldest_s=backlog.oldest_wait_s,
        voices=Counter(state for holding in held for state in holding.tracks.voice_states()),
    )
