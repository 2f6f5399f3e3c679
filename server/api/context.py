"""What handlers find in the application and in a request, with its type."""

from aiohttp import web

from pipeline.inference import Executor
from server.access import Principal
from server.api.peers import Peers
from server.api.readiness import Readiness
from server.budget import MemoryBudget
from server.entrance.links import Links
from server.entrance.ratelimit import SlidingWindow
from server.exchange.protocol import Exchange
from server.exchange.relay import Relay
from server.journal.opening import Opened
from server.journal.protocol import Journal
from server.operations.looplag import LoopLag
from server.operations.metrics import Metrics
from server.rooms import Rooms
from server.settings import Settings
from server.store.protocol import MediaStore

SETTINGS = web.AppKey("settings", Settings)
LINKS = web.AppKey("links", Links)
OPENED = web.AppKey("opened", Opened)
"""The journal as it was opened, for what shares its connections."""
JOURNAL: web.AppKey[Journal] = web.AppKey("journal", Journal)
STORE: web.AppKey[MediaStore] = web.AppKey("store", MediaStore)
EXCHANGE: web.AppKey[Exchange] = web.AppKey("exchange", Exchange)
RELAY = web.AppKey("relay", Relay)
EXECUTOR: web.AppKey[Executor] = web.AppKey("executor", Executor)
ROOMS = web.AppKey("rooms", Rooms)
LOOP_LAG = web.AppKey("loop_lag", LoopLag)
PEERS = web.AppKey("peers", Peers)
BUDGET = web.AppKey("budget", MemoryBudget)
METRICS = web.AppKey("metrics", Metrics)
READINESS = web.AppKey("readiness", Readiness)
READINGS = web.AppKey("readings", SlidingWindow)
"""How often people have their voices learnt."""
PRINCIPAL = web.RequestKey("principal", Principal)
RELAYED = web.RequestKey("relayed", bool)
"""Another process of this deployment passes the request on."""
