"""Everybody's mix, 20 ms at a time: who hears the same shares an encoder."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from pipeline.audio import Samples
from server.media.opus_packet import SILENT_FRAME
from server.mixing.blend import Blend

log = logging.getLogger(__name__)

SILENCE_TICKS: Final = 20
"""Opus itself sends so often, every 400 ms, when nothing is said (RFC 7587, section 3.1.3)."""
FAILURE_TICKS: Final = 500
"""What fails fifty times a second is not logged as often."""
LOSS_TICKS: Final = 25
"""How often encoders are told how much gets lost."""


class Output(Protocol):
    """Where a listener's mix goes: a ``Peer``."""

    @property
    def loss(self) -> float:
        """Share of what was sent that got lost lately, 0 to 1."""

    def play(self, packet: bytes, at: int) -> None:
        """Send an Opus packet that sounds at ``at`` (48 kHz); must not block."""


@dataclass(slots=True, eq=False)
class Listener:
    """Somebody who is sent a mix.

    Attributes:
        output: where it goes.
        hears: whether a track is in it; asked once per track.
        blend: what is sent now; None: only silence.
        silent: ticks since silence was last sent.
    """

    output: Output
    hears: Callable[[str], bool]
    blend: Blend | None = None
    silent: int = SILENCE_TICKS
    _heard: dict[str, bool] = field(default_factory=dict)

    def is_hearing(self, track: str) -> bool:
        """Return whether ``track`` is in this listener's mix."""
        heard = self._heard.get(track)
        if heard is None:
            heard = self._heard[track] = self.hears(track)
        return heard

    def forget(self, track: str) -> None:
        """Ask anew when a microphone of this name comes back."""
        self._heard.pop(track, None)


@dataclass(slots=True)
class _Share:
    """Those whose next packet is the same: so were all before it that matter."""

    blend: Blend | None
    audible: tuple[str, ...]
    listeners: list[Listener]


class Mix:
    """Makes each listener's packet of a tick.

    An encoder's packets build on each other, so a listener cannot simply be given another one's.
    But an encoder can be copied, and a decoder that followed the first follows either of the two;
    and after a pause, which ends in a ready-made packet of silence, every listener's decoder knows
    nothing any more, so that all may begin with one encoder again::

        A speaks    to B, C, D   ──one encoder──┬──────── to C, D ─────── silence
        then B too  to C, D      (B hears A) ───┴─copy─── to B ────────── silence
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._ticks = 0
        self._failed = -FAILURE_TICKS
        """When a failure was last logged."""

    def tick(
        self, sounding: Mapping[str, Samples], listeners: Iterable[Listener]
    ) -> list[tuple[Listener, bytes]]:
        """Return who is sent what now.

        Args:
            sounding: the block of each track that is to be heard.
            listeners: everybody.
        """
        self._ticks += 1
        sent: list[tuple[Listener, bytes]] = []
        for share in self._shares(sounding, listeners):
            if share.blend is None and not share.audible:
                sent += [(one, SILENT_FRAME) for one in share.listeners if _is_silence_due(one)]
            else:
                packet = self._push(share, sounding)
                sent += [(one, packet) for one in share.listeners if packet]
        return sent

    def _shares(
        self, sounding: Mapping[str, Samples], listeners: Iterable[Listener]
    ) -> list[_Share]:
        """Divide listeners by what they heard and will hear; no two shares have one blend."""
        shares: dict[tuple[Blend | None, tuple[str, ...]], _Share] = {}
        taken: set[Blend] = set()
        for listener in listeners:
            audible = tuple(track for track in sounding if listener.is_hearing(track))
            blend = listener.blend
            share = shares.get((blend, audible))
            if share is None:
                share = shares[blend, audible] = _Share(blend, audible, [])
                if blend is not None:
                    if blend in taken:
                        share.blend = blend.fork()
                    taken.add(blend)
            share.listeners.append(listener)
        return list(shares.values())

    def _push(self, share: _Share, sounding: Mapping[str, Samples]) -> bytes:
        """Return a share's packet; empty: it failed, and who wanted it begins anew."""
        blend: Blend | None = None
        packet = b""
        try:
            blend = share.blend or Blend(self._rate_hz)
            if blend is not share.blend or self._ticks % LOSS_TICKS == 0:
                blend.expect_loss(max(listener.output.loss for listener in share.listeners))
            packet = blend.push([sounding[track] for track in share.audible])
        except Exception:
            if self._ticks >= self._failed + FAILURE_TICKS:
                self._failed = self._ticks
                log.exception("a mix of %d microphones cannot be made", len(share.audible))
        for listener in share.listeners:
            listener.blend = None if blend is None or not packet or blend.is_at_rest else blend
            listener.silent = SILENCE_TICKS  # The first silent packet follows at once.
        return packet


def _is_silence_due(listener: Listener) -> bool:
    listener.silent += 1
    if listener.silent < SILENCE_TICKS:
        return False
    listener.silent = 0
    return True
