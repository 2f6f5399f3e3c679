"""Who hears the microphone of a connection that is just being made."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from server.media.frames import Frame
from server.media.rtcp import ReportBlock
from server.media.tally import Tally


@dataclass(frozen=True, slots=True)
class Hearer:
    """Who hears a microphone; all of it is called on the event loop and must not block.

    Attributes:
        on_frame: the next frame.
        on_reports: how the other side receives what is sent to it.
        on_tally: what became of packets since the last time; each second, and at the end.
        on_failure: it cannot be heard any more, because of a bug here; the log has it.
        on_abuse: nor any more, because the other side does what no browser does.
    """

    on_frame: Callable[[Frame], None]
    on_reports: Callable[[list[ReportBlock]], None]
    on_tally: Callable[[Tally], None]
    on_failure: Callable[[], None]
    on_abuse: Callable[[], None]


_hearer: ContextVar[Hearer | None] = ContextVar("hearer", default=None)


@contextmanager
def receiving(hearer: Hearer) -> Iterator[None]:
    """Let the microphone of a connection that is made in here be heard by ``hearer``."""
    before = _hearer.set(hearer)
    try:
        yield
    finally:
        _hearer.reset(before)


def current_hearer() -> Hearer | None:
    """Return who hears the microphone of what is made now; None: nobody of ours."""
    return _hearer.get()
