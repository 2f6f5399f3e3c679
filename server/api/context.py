"""What handlers find in the application and in a request, with its type."""

from aiohttp import web

from pipeline.inference import Executor
from server.access import Principal
from server.api.peers import Peers
from server.budget import MemoryBudget
from server.entrance.links import Links
from server.journal.protocol import Journal
from server.looplag import LoopLag
from server.rooms import Rooms
from server.settings import Settings

SETTINGS = web.AppKey("settings", Settings)
LINKS = web.AppKey("links", Links)
JOURNAL: web.AppKey[Journal] = web.AppKey("journal", Journal)
EXECUTOR: web.AppKey[Executor] = web.AppKey("executor", Executor)
ROOMS = web.AppKey("rooms", Rooms)
LOOP_LAG = web.AppKey("loop_lag", LoopLag)
PEERS = web.AppKey("peers", Peers)
BUDGET = web.AppKey("budget", MemoryBudget)
PRINCIPAL = web.RequestKey("principal", Principal)
