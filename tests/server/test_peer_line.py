"""What is said over a peer connection, and to whom nothing is said (any more)."""

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from server.api import peer_line
from server.api.peer_line import PeerLine, first
from server.hearing.feed import Feed
from server.media.frames import Frame
from server.media.peer import End, Peer
from server.messages import Missed
from server.operations.metrics import Metrics

QUESTION = Missed(track="지원자_1", start=1.0, end=2.0, now=3.0)


class FakePeer:
    """A peer whose channel opens when a test says so."""

    def __init__(self) -> None:
        self.is_open = False
        self.sent: list[dict[str, Any]] = []
        self.heard_at = 7.0

    def send(self, channel: str, text: str) -> bool:
        """See ``Peer``."""
        if self.is_open:
            self.sent.append(json.loads(text))
        return self.is_open

    def buffered(self, channel: str) -> int:
        """See ``Peer``."""
        return 0


class FakeFeed:
    """A feed that counts what it hears."""

    name = "지원자_1"

    def __init__(self) -> None:
        self.count = 0

    def hear(self, frame: Frame) -> None:
        """See ``Feed``."""
        self.count += 1


@pytest.fixture
def peer() -> FakePeer:
    return FakePeer()


@pytest.fixture
def line(peer: FakePeer) -> PeerLine:
    line = PeerLine(None, Metrics())
    line.peer = cast(Peer, peer)
    return line


def open_channel(line: PeerLine, peer: FakePeer) -> None:
    peer.is_open = True
    line.on_open("interview")


def sound() -> Frame:
    return Frame(np.zeros(320, np.float32), at=0, arrived=0.0)


async def test_a_question_is_asked_at_once(line: PeerLine, peer: FakePeer) -> None:
    open_channel(line, peer)
    line.ask(QUESTION)
    assert peer.sent == [{"type": "missed", "track": "지원자_1", "start": 1, "end": 2, "now": 3}]


async def test_before_there_is_a_channel_the_newest_question_waits_and_its_clock_goes_on(
    line: PeerLine, peer: FakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.ask(Missed(track="지원자_1", start=0.0, end=1.0, now=1.0))
    line.ask(QUESTION)
    later = time.monotonic() + 2
    monkeypatch.setattr(peer_line, "time", SimpleNamespace(monotonic=lambda: later))
    peer.is_open = True
    line.on_open("captions")
    assert peer.sent == []
    line.on_open("interview")
    line.on_open("interview")  # Opened anew: it has been asked.
    assert [(one["start"], round(one["now"])) for one in peer.sent] == [(1, 5)]


async def test_nobody_is_asked_who_has_ended_or_was_replaced(
    line: PeerLine, peer: FakePeer
) -> None:
    open_channel(line, peer)
    line.silence()
    line.ask(QUESTION)
    other = PeerLine(None, Metrics())
    other.ask(QUESTION)  # It has no peer yet.
    other.peer = cast(Peer, peer)
    other.on_end(End.LEFT)
    other.ask(QUESTION)
    assert peer.sent == []


async def test_a_replaced_line_is_heard_no_more(line: PeerLine) -> None:
    feed = FakeFeed()
    line.track = cast(Feed, feed)
    line.on_sound(sound())
    line.silence()
    line.on_sound(sound())
    assert feed.count == 1


async def test_what_is_to_be_said_waits_for_the_channel(line: PeerLine, peer: FakePeer) -> None:
    saying = asyncio.create_task(line.send('{"type": "error"}'))
    await asyncio.sleep(0)
    assert not saying.done()
    open_channel(line, peer)
    await saying
    assert peer.sent == [{"type": "error"}]


async def test_nothing_can_be_said_to_a_client_that_opens_no_channel(
    line: PeerLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_line, "OPENING_S", 0.01)
    with pytest.raises(ConnectionError):
        await line.send("{}")


async def test_nothing_is_said_to_a_peer_that_ends_before_it_opened_a_channel(
    line: PeerLine,
) -> None:
    saying = asyncio.create_task(line.send("{}"))
    await asyncio.sleep(0)
    line.on_end(End.LOST)
    with pytest.raises(ConnectionError):
        await saying


async def test_an_encoder_is_told_nothing_and_nothing_it_says_is_read(peer: FakePeer) -> None:
    line = PeerLine(None, Metrics(), has_channels=False)
    line.peer = cast(Peer, peer)
    for _ in range(peer_line.MAX_WAITING_FRAMES + 1):
        line.on_text("interview", "{}")
    assert not line.ended.is_set()
    with pytest.raises(ConnectionError):
        await line.send("{}")


async def test_a_line_was_heard_when_its_peer_was(line: PeerLine) -> None:
    assert line.heard_at == 7
    assert PeerLine(None, Metrics()).heard_at is None


async def test_the_first_of_several_events_is_waited_for() -> None:
    happened, never = asyncio.Event(), asyncio.Event()
    happened.set()
    await first(never, happened)
    await first(never, within_s=0.01)
