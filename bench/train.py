"""A talk through a tunnel: what is said, when nothing passes, and what everybody was told of it."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import aiohttp
import numpy as np

from bench.corpus import Clip
from bench.passenger import Passenger, Voice
from bench.serving import Server
from bench.talker import browser_opus
from bench.tunnel import Tunnel
from bench.turns import Turn, interview
from pipeline.audio import Samples, seconds
from server.paths import PREFIX, SESSION, session_path

_SEAT: Final = "지원자_1"
_BEFORE_S: Final = 8.0
_AFTER_S: Final = 20.0
_NOTICED_S: Final = 6.0
"""A page gives a connection up when nothing has come for so long."""
_LAST_WORDS_S: Final = 60.0
"""A machine that is busy understands the last ones long after they were said."""
_LOOK_S: Final = 0.2
_REFUSED_S: Final = 20.0
"""So long after a cut has begun its seat is kept by any clock."""

Message: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cut:
    """From when on nothing passes, and for how long; seconds of the talk."""

    start_s: float
    length_s: float

    @property
    def end_s(self) -> float:
        return self.start_s + self.length_s

    def touches(self, turn: Turn) -> bool:
        return seconds(turn.start) < self.end_s and seconds(turn.end) > self.start_s


@dataclass(frozen=True, slots=True)
class Talk:
    """What one person says, and when the network is cut meanwhile."""

    turns: list[Turn]
    sound: Samples
    packets: list[bytes]
    cut: Cut

    @classmethod
    def of(cls, speech: list[Clip], seed: int, length_s: float) -> "Talk":
        """Choose what is said, and the moment: in a sentence, neither its begin nor its end."""
        random = np.random.default_rng(seed)
        turns, sound = interview(speech, (2 * _BEFORE_S + length_s + _AFTER_S) / 60, seed)
        turn = next(turn for turn in turns if seconds(turn.start) > _BEFORE_S)
        start_s = seconds(turn.start) + random.uniform(0.3, 0.7) * seconds(turn.end - turn.start)
        return cls(turns, sound, browser_opus(sound), Cut(start_s, length_s))


@dataclass(slots=True)
class Record:
    """What everybody was told of one talk.

    Attributes:
        messages: (seconds of the talk at which it came, message).
        offset_s: the session's second at which the talk began.
        sent_again_s: how much sound the page sent again.
        answers: what the server said to that, as HTTP's status.
        refused: whether somebody else was refused the seat while it was held.
        taken: whether somebody else got it afterwards.
    """

    messages: list[tuple[float, Message]] = field(default_factory=list)
    offset_s: float = 0.0
    sent_again_s: float = 0.0
    answers: list[int] = field(default_factory=list)
    refused: bool = False
    taken: bool = False

    def of(self, kind: str) -> list[tuple[float, Message]]:
        return [one for one in self.messages if one[1]["type"] == kind]

    @property
    def finals(self) -> list[tuple[float, Message]]:
        """Return them in the order in which they were said."""
        return sorted(self.of("utterance_final"), key=lambda one: one[1]["start"])

    @property
    def text(self) -> str:
        return " ".join(
            word[2]
            for _, final in self.finals
            for segment in final["segments"]
            for word in segment["words"]
        )


class Room:
    """One session of a real server, with an operator who notes everything that is told."""

    def __init__(self, client: aiohttp.ClientSession, name: str) -> None:
        self.name = name
        self._client = client

    async def open(self) -> str:
        """Return the link of its only seat."""
        wanted = {"session_id": self.name, "consent": "external", "seats": [{"seat": _SEAT}]}
        async with self._client.post(SESSION, json=wanted) as response:
            response.raise_for_status()
            return str((await response.json())["links"][0]["token"])

    async def invite(self) -> str:
        """Return another link for it."""
        path = session_path(self.name, "invite")
        async with self._client.post(path, json={"seat": _SEAT}) as response:
            response.raise_for_status()
            return str((await response.json())["token"])

    async def note(self, record: Record, voice: Voice, ready: asyncio.Event) -> None:
        """Note what is told until this is cancelled."""
        async with self._client.ws_connect(f"{PREFIX}/ws/interview/{self.name}") as socket:
            await socket.send_json({"type": "subscribe"})
            while True:
                message = await socket.receive_json()
                record.messages.append((voice.said_s, message))
                if "wall" in message:
                    # Both clocks are this machine's.
                    now_s = message["at"] + time.time() - message["wall"]
                    record.offset_s = now_s - voice.said_s
                if message["type"] == "caught_up":
                    ready.set()


async def ride(
    server: Server, talk: Talk, name: str, *, is_cut: bool, is_given_up: bool = False
) -> Record:
    """Let somebody talk.

    Args:
        server: whom to.
        talk: what is said.
        name: the session's.
        is_cut: whether the network is.
        is_given_up: whether the person stays away then, and somebody else wants the seat.
    """
    host, _, port = server.url.removeprefix("http://").partition(":")
    record, ready = Record(), asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(aiohttp.ClientSession(server.url))
        tunnel = await stack.enter_async_context(Tunnel((host, int(port))))
        room = Room(client, name)
        token = await room.open()
        voice = Voice(talk.sound, talk.packets)
        noting = asyncio.create_task(room.note(record, voice, ready))
        try:
            await ready.wait()
            passenger = Passenger(voice, name, token, tunnel)
            await stack.enter_async_context(passenger)
            await passenger.connect()
            if is_given_up:
                tunnel_of_others = await stack.enter_async_context(Tunnel((host, int(port))))
                stranger = Passenger(voice, name, await room.invite(), tunnel_of_others)
                await stack.enter_async_context(stranger)
                await _give_up(tunnel, passenger, stranger, voice, talk.cut, record)
            elif is_cut:
                await _ride_through(tunnel, passenger, voice, talk.cut)
            await voice.wait(seconds(talk.sound.size))
            await _last_words(record, talk, voice)
            record.sent_again_s, record.answers = passenger.sent_again_s, passenger.answers
        finally:
            noting.cancel()
            await asyncio.gather(noting, return_exceptions=True)
    return record


async def _last_words(record: Record, talk: Talk, voice: Voice) -> None:
    """Wait until what was said last has been understood, but not for ever."""
    end_s = seconds(talk.turns[-1].end) + record.offset_s
    while voice.said_s < seconds(talk.sound.size) + _LAST_WORDS_S:
        if any(final["end"] > end_s - 1 for _, final in record.finals):
            return
        await asyncio.sleep(_LOOK_S)


async def _ride_through(tunnel: Tunnel, passenger: Passenger, voice: Voice, cut: Cut) -> None:
    await voice.wait(cut.start_s)
    tunnel.cut()
    await voice.wait(cut.start_s + min(_NOTICED_S, cut.length_s))
    await passenger.lose()
    coming = asyncio.create_task(passenger.connect())
    await voice.wait(cut.end_s)
    tunnel.open()
    await coming


async def _give_up(
    tunnel: Tunnel,
    passenger: Passenger,
    stranger: Passenger,
    voice: Voice,
    cut: Cut,
    record: Record,
) -> None:
    await voice.wait(cut.start_s)
    tunnel.cut()
    await voice.wait(cut.start_s + _REFUSED_S)
    record.refused = not await _gets_in(stranger)
    await voice.wait(cut.end_s)
    await passenger.lose()
    record.taken = await _gets_in(stranger)


async def _gets_in(person: Passenger) -> bool:
    try:
        await person.connect()
    except aiohttp.ClientResponseError:
        return False
    return True
