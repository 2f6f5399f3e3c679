"""How things stand at the moment a scrape asks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

VOICE_STATES = ("on", "behind", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """How things stand at this moment.

    Attributes:
        held: sessions whose media and clock are in this process.
        read: sessions that this process only shows.
        sockets: WebSockets.
        peers: peer connections.
        tracks: microphones that are listened to.
        queued: model jobs that wait for a worker.
        running: model jobs that a worker has.
        oldest_s: age of the oldest model job without a result.
        voices: room microphones by whether their voices are told apart: on, behind, off.
    """

    is_ready: bool = False
    held: int = 0
    read: int = 0
    sockets: int = 0
    peers: int = 0
    tracks: int = 0
    queued: int = 0
    running: int = 0
    oldest_s: float = 0.0
    voices: Mapping[str, int] = field(default_factory=dict)


class Standing(Collector):
    """The gauges, as they were when the event loop was last asked."""

    def __init__(self) -> None:
        self.read: Callable[[], Gauges] = Gauges
        self._gauges = Gauges()

    def look(self) -> None:
        self._gauges = self.read()

    def collect(self) -> Iterator[Metric]:
        now = self._gauges
        yield _gauge("daedam_ready", "1 when /readyz says ready.", float(now.is_ready))
        yield _gauges(
            "daedam_sessions",
            "Sessions in memory: held (media and clock are here) or only read.",
            "state",
            {"held": now.held, "read": now.read},
        )
        yield _gauges(
            "daedam_connections",
            "People's connections: WebSockets and peer connections.",
            "kind",
            {"socket": now.sockets, "peer": now.peers},
        )
        yield _gauge("daedam_tracks", "Microphones that are listened to.", now.tracks)
        yield _gauges(
            "daedam_voices",
            "Room microphones by whether their voices are told apart.",
            "state",
            {state: now.voices.get(state, 0) for state in VOICE_STATES},
        )
        yield _gauges(
            "daedam_queue_jobs",
            "Model jobs without a result.",
            "state",
            {"queued": now.queued, "running": now.running},
        )
        yield _gauge(
            "daedam_queue_oldest_seconds", "Age of the oldest of these jobs.", now.oldest_s
        )


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def _gauges(name: str, says: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family
