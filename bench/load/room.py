"""One room of the load tool: its people connect, talk in turns, and note what they are told."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bench.load.clients import Client, Clients, Message
from bench.load.script import Script
from bench.turns import Turn
from pipeline.audio import seconds
from server.paths import SESSION, session_path

ROSTER = tuple(f"{role}_{number}" for number in (1, 2, 3) for role in ("면접관", "지원자"))
_CUT_S = 1.0
"""A final that ends so much before its turn does is not the turn's last one."""
_CATCH_UP_S = 20.0


@dataclass(slots=True)
class Judged:
    """What subscribers were told, against what was said; times in seconds.

    Attributes:
        finals_s: from the end of a turn to its last final words, for each turn and subscriber.
        interims_s: from the beginning of a turn to its first interim, for each.
        missing: finals that a subscriber did not get though the turn was not dropped.
        dropped: turns that the server told to have no words, for each subscriber.
        wrong: finals of a seat that did not have the floor.
        behind: signals of captions that lag, at one subscriber, and the worst lag told.
    """

    finals_s: list[float] = field(default_factory=list)
    interims_s: list[float] = field(default_factory=list)
    missing: int = 0
    dropped: int = 0
    wrong: int = 0
    behind: int = 0
    worst_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Timeline:
    """When a script was spoken.

    Attributes:
        created_s: the session's second 0, by ``time.monotonic()``.
        began_s: the script's second 0.
    """

    created_s: float
    began_s: float

    def in_script(self, session_s: float) -> float:
        return session_s + self.created_s - self.began_s


def judge(
    script: Script, seats: list[str], timeline: Timeline, told: list[list[tuple[float, Message]]]
) -> Judged:
    """Compare what each subscriber was told with what was said."""
    judged = Judged()
    for messages in told:
        finals = [one for one in messages if one[1]["type"] == "utterance_final"]
        judged.wrong += sum(not _has_floor(one[1], script, seats, timeline) for one in finals)
        for turn in script.turns:
            _judge_turn(judged, turn, seats[script.seat_of(turn)], timeline, messages)
    behind = [one["final_s"] for _, one in told[0] if one["type"] == "lag" and one["is_behind"]]
    judged.behind, judged.worst_s = len(behind), max(behind, default=0.0)
    return judged


def _judge_turn(
    judged: Judged,
    turn: Turn,
    seat: str,
    timeline: Timeline,
    messages: list[tuple[float, Message]],
) -> None:
    start_s, end_s = seconds(turn.start), seconds(turn.end)
    came: dict[str, list[tuple[float, float]]] = {}
    for at_s, one in messages:
        if one.get("track") == seat and "start" in one:
            first_s = timeline.in_script(one["start"])
            last_s = timeline.in_script(one["end"]) if "end" in one else first_s
            if first_s < end_s and last_s > start_s - _CUT_S:
                came.setdefault(one["type"], []).append((at_s - timeline.began_s, last_s))
    ends = [at_s for at_s, last_s in came.get("utterance_final", ()) if last_s > end_s - _CUT_S]
    if ends:
        judged.finals_s.append(max(ends) - end_s)
    elif "utterance_dropped" in came:
        judged.dropped += 1
    else:
        judged.missing += 1
    judged.interims_s += [at_s - start_s for at_s, _ in came.get("interim", ())[:1]]


def _has_floor(final: Message, script: Script, seats: list[str], timeline: Timeline) -> bool:
    middle_s = timeline.in_script((final["start"] + final["end"]) / 2)
    return bool(final["track"] == seats[script.seat_at(middle_s)])


class Room:
    """A session with its people."""

    def __init__(self, name: str, seats: int, script: Script) -> None:
        self.name = name
        self.seats = list(ROSTER[:seats])
        self.script = script
        self.clients: list[Client] = []
        self.connect_s: list[float] = []
        self._timeline: Timeline | None = None

    async def enter(self, http: aiohttp.ClientSession, clients: Clients) -> None:
        """Create the session; let everybody in, one after the other, and subscribe."""
        seats = [{"seat": seat} for seat in self.seats]
        wanted = {"session_id": self.name, "consent": "external", "seats": seats}
        async with http.post(SESSION, json=wanted) as response:
            response.raise_for_status()
            links = {one["seat"]: one["token"] for one in (await response.json())["links"]}
        for seat in self.seats:
            began_s = time.monotonic()
            client = await clients.connect(http, session_path(self.name), links[seat])
            self.connect_s.append(client.opened.result() - began_s)
            self.clients.append(client)
            clients.send(client, {"type": "subscribe"})
        async with asyncio.timeout(_CATCH_UP_S):
            for client in self.clients:
                await client.caught_up.wait()

    async def talk(self, http: aiohttp.ClientSession, clients: Clients, silence: Path) -> None:
        """Begin the conversation."""
        async with http.get(session_path(self.name, "join")) as response:
            response.raise_for_status()
            created_s = time.monotonic() - (await response.json())["now"]
        script = self.script
        began_s = await clients.talk(self.clients, script.packets, silence, script.floor)
        self._timeline = Timeline(created_s, began_s)

    async def end(self, http: aiohttp.ClientSession, clients: Clients) -> None:
        """Say goodbye, end the session and leave nothing of it at the server."""
        for client in self.clients:
            clients.close(client)
        async with http.post(session_path(self.name, "end")) as response:
            response.raise_for_status()
        async with http.delete(session_path(self.name)) as response:
            response.raise_for_status()

    def judged(self) -> Judged:
        """Return how it is going; call it after ``talk``."""
        assert self._timeline is not None
        told = [client.said for client in self.clients]
        return judge(self.script, self.seats, self._timeline, told)
