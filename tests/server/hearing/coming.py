"""Microphones that come into a room without a network, and come back."""

from collections.abc import Callable
from dataclasses import dataclass

from server.entrance.resumes import Resumes
from server.events import Joined
from server.hearing.feed import Feed
from server.hearing.track import Track
from server.hearing.tracks import Tracks
from server.media.frames import Frame
from server.messages import Missed

RESUMES = Resumes()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A connection's microphone, the track that it carries, and a token to come back with."""

    feed: Feed
    track: Track
    token: str

    def hear(self, frame: Frame) -> None:
        self.feed.hear(frame)


def come(
    room: Tracks,
    connection: str,
    speaker: str | None,
    token: str | None = None,
    ask: Callable[[Missed], None] | None = None,
) -> Arrival:
    """Connect; ``token``: of an earlier arrival; ``ask``: this page keeps its sound."""
    resumption = RESUMES.go_on("s1", "link", connection, speaker, token)
    if resumption.earlier is not None and not room.goes_on(resumption):
        resumption = RESUMES.go_on("s1", "link", connection, speaker)
    feed = room.open(connection, speaker, resumption, ask)
    track = room.of(connection)
    assert track is not None
    return Arrival(feed, track, resumption.token)


def joined(seat: str | None) -> Joined:
    """Return that somebody connected to another process."""
    role = "microphone" if seat is None else "applicant"
    return Joined(connection=f"p.{seat}", role=role, seat=seat)
