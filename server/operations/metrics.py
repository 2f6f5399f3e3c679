"""What the process counts about its own work, for Prometheus.

No label ever holds anything about people: labels come from the closed sets below, and whatever
else is passed becomes ``other``.
"""

import asyncio
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from pipeline.captions import LagKind
from pipeline.finals import LATE, OVERLOADED
from pipeline.guards import DropReason
from pipeline.jobs import JobKind
from pipeline.runner import ENGINE_FAILED
from server.media.tally import Tally
from server.operations.gauges import Gauges, Standing

CAPTION_LAG_S = (0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 15, 30)
"""Upper limits, dense where captions should be: first words in about 1 s, finals within 2.5 s."""
APPEND_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""Dense around 10 ms, which 99 of 100 appends should not exceed."""
LOOP_LAG_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)

OTHER = "other"
STALE_INTERIM = "stale_interim"
REFUSED_INTERIM = "refused_interim"
SLOW_READER = "slow_reader"
FAST_SENDER = "fast_sender"
NOT_KEPT = "not_kept"
SOUND_NOT_KEPT = "sound_not_kept"
DROPS = frozenset(
    (
        *map(str, DropReason),
        ENGINE_FAILED,
        OVERLOADED,
        LATE,
        STALE_INTERIM,
        REFUSED_INTERIM,
        SLOW_READER,
        FAST_SENDER,
        NOT_KEPT,
        SOUND_NOT_KEPT,
    )
)
"""Why something was dropped: an utterance got no words, an interim was not made in time, a
connection was closed because it read too slowly or sent too fast, words could not be journaled, a
packet of sound could not be stored."""
LAG_KINDS = frozenset(map(str, LagKind))
JOB_KINDS = frozenset(map(str, JobKind))
FATES = ("received", "lost", "recovered", "late", "duplicate", "stray", "malformed", "refused")
"""What becomes of packets of sound; see ``server.media.tally``."""
REPLACEMENTS = ("concealed", "missing")
"""What is heard instead of lost sound: what the decoder makes up, or nothing."""
RELAYED = frozenset(("offer", "audio_chunk", "session_end", "evaluation_request", "end", "whip"))
"""What may be passed on to the process that holds a session."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # a time of creation beside every series


def _version() -> str:
    try:
        return version("daedam")
    except PackageNotFoundError:  # A source tree that nobody has installed.
        return "unknown"


# Both read files, and servers make their metrics on the event loop.
_VERSION = _version()
_PROCESS = ProcessCollector(registry=None)


class Metrics:
    """The counters of one process, in a registry of its own; every method is quick."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._standing = Standing()
        registry.register(self._standing)
        registry.register(_PROCESS)
        Gauge(
            "daedam_build_info",
            "Always 1; the version is the label.",
            ["version"],
            registry=registry,
        ).labels(_VERSION).set(1)
        self._lags = Histogram(
            "daedam_caption_lag_seconds",
            "From speech to its final words, from its beginning to the first interim, and "
            "from one interim to the next.",
            ["kind"],
            buckets=CAPTION_LAG_S,
            registry=registry,
        )
        self._drops = self._counter("daedam_drops", "What was dropped, and why.", "reason")
        self._appends = Histogram(
            "daedam_journal_append_seconds",
            "Until the journal had acknowledged an append.",
            buckets=APPEND_S,
            registry=registry,
        )
        self._failures = self._counter(
            "daedam_journal_failures", "Appends that the journal did not acknowledge."
        )
        self._loop_lags = Histogram(
            "daedam_loop_lag_seconds",
            "How much later than it should the event loop ran what was due.",
            buckets=LOOP_LAG_S,
            registry=registry,
        )
        self._audio_s = self._counter(
            "daedam_model_audio_seconds", "Sound that models have worked on.", "kind"
        )
        self._cpu_s = self._counter(
            "daedam_model_cpu_seconds", "Processor time that models took for it.", "kind"
        )
        self._packets = self._counter(
            "daedam_media_packets",
            "Packets of live sound; recovered ones are among the lost.",
            "fate",
        )
        self._replaced_s = self._counter(
            "daedam_media_lost_seconds", "Lost sound, by what is heard instead.", "replacement"
        )
        self._relayed = self._counter(
            "daedam_relayed",
            "What was passed on to the process that holds the session.",
            "what",
            "outcome",
        )
        self._takeovers = self._counter(
            "daedam_takeovers", "Sessions claimed from a process that had them before."
        )
        self._begin()

    def observe_lag(self, kind: str, lag_s: float) -> None:
        """A caption was ``lag_s`` behind; ``kind``: a ``LagKind``."""
        self._lags.labels(_known(kind, LAG_KINDS)).observe(lag_s)

    def count_drop(self, reason: str, count: int = 1) -> None:
        """Something was dropped; ``reason``: one of ``DROPS``."""
        self._drops.labels(_known(reason, DROPS)).inc(count)

    def observe_append(self, duration_s: float) -> None:
        """The journal acknowledged an append."""
        self._appends.observe(duration_s)

    def count_journal_failure(self) -> None:
        """The journal could not keep an append, or nobody knows whether it did."""
        self._failures.inc()

    def observe_loop_lag(self, lag_s: float) -> None:
        """The event loop was ``lag_s`` late."""
        self._loop_lags.observe(lag_s)

    def count_model(self, kind: str, audio_s: float, cpu_s: float) -> None:
        """A model has worked ``cpu_s`` on ``audio_s`` of sound; ``kind``: a ``JobKind``."""
        self._audio_s.labels(_known(kind, JOB_KINDS)).inc(audio_s)
        self._cpu_s.labels(_known(kind, JOB_KINDS)).inc(cpu_s)

    def count_packets(self, tally: Tally) -> None:
        """So much has become of the packets of one microphone."""
        for fate, count in self._fates:
            if number := getattr(tally, fate):
                count.inc(number)
        self._concealed_s.inc(tally.concealed_s)
        self._missing_s.inc(tally.missing_s)

    def count_relayed(self, what: str, is_done: bool) -> None:
        """The holder was asked to do something; ``what``: one of ``RELAYED``."""
        self._relayed.labels(_known(what, RELAYED), _outcome(is_done)).inc()

    def count_takeover(self) -> None:
        """A session was claimed that another process held."""
        self._takeovers.inc()

    def watch(self, read: Callable[[], Gauges]) -> None:
        """Let every scrape ask ``read`` how things stand; it runs on the event loop."""
        self._standing.read = read

    async def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        self._standing.look()
        # In a thread: the library reads the process's numbers from files.
        return await asyncio.to_thread(generate_latest, self._registry)

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(name, says, labels, registry=self._registry)

    def _begin(self) -> None:
        """Let every series exist from the beginning: the first failure is an increase, too."""
        for kind in sorted(LAG_KINDS):
            self._lags.labels(kind)
        for reason in sorted(DROPS):
            self._drops.labels(reason)
        for kind in sorted(JOB_KINDS):
            self._audio_s.labels(kind)
            self._cpu_s.labels(kind)
        self._fates = [(fate, self._packets.labels(fate)) for fate in FATES]
        self._concealed_s, self._missing_s = map(self._replaced_s.labels, REPLACEMENTS)
        for what in sorted(RELAYED):
            for is_done in (True, False):
                self._relayed.labels(what, _outcome(is_done))


def _known(word: str, words: frozenset[str]) -> str:
    return word if word in words else OTHER


def _outcome(is_done: bool) -> str:
    return "done" if is_done else "failed"
