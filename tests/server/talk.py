"""What tests at the WebSocket say: who connects, what they send, how sound is packed."""

import asyncio
import base64
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import aiohttp
import numpy as np

from pipeline.audio import Samples, samples
from server.access import EVERY_SESSION
from server.api import context
from server.entrance.links import Links, invitation
from server.paths import SESSION
from server.room import Room
from server.rooms import Rooms
from tests.containers import encode
from tests.server.conftest import Client, ask, socket_path
from tests.server.fakes import ScriptedExecutor
from tests.speech.clips import load

T = TypeVar("T")
Socket = aiohttp.ClientWebSocketResponse

APPLICANT: Final = "지원자_1"
INTERVIEWER: Final = "면접관_1"
SPOKEN: Final = load("applicant2_thanks.flac").samples
"""1.7 s in which one short sentence is said: the cheapest real speech there is."""


def paused(*parts: Samples, pause_s: float = 1.2) -> Samples:
    """Join parts with silence that ends an utterance between and after them."""
    silence = np.zeros(samples(pause_s), np.float32)
    return np.concatenate([np.concatenate((part, silence)) for part in parts])


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def chunk(data: bytes, **fields: object) -> dict[str, Any]:
    return {"type": "audio_chunk", "audio_data": base64_of(data), "timestamp": 5.5, **fields}


def said(kind: str = "webm", **fields: object) -> dict[str, Any]:
    """Return a chunk with a whole recording of one utterance."""
    return chunk(_RECORDED[kind], **fields)


def note(text: str = "좋은 답변", about: str = APPLICANT, **fields: object) -> dict[str, Any]:
    return {"type": "speaker_note", "speaker": about, "note": text, **fields}


def new_id() -> str:
    return secrets.token_urlsafe(16)


def link(
    client: Client,
    session: str = EVERY_SESSION,
    *,
    seat: str | None = None,
    role: str | None = None,
    expires_s: float = 3600,
) -> str:
    """Return a person's link."""
    assert client.app is not None
    person = invitation(session, seat=seat, role=role)
    links: Links = client.app[context.LINKS]
    return links.make(person, expires_s)


async def connect(
    client: Client, session: str = "s1", token: str | None = None, **options: Any
) -> Socket:
    socket: Socket = await client.ws_connect(socket_path(session, token), **options)
    return socket


async def sit(client: Client, seat: str, session: str = "s1", **options: Any) -> Socket:
    """Connect with a new link to a seat."""
    return await connect(client, session, link(client, session, seat=seat), **options)


async def create(client: Client, session: str = "s1", **config: object) -> dict[str, Any]:
    """Open a session as an operator does beforehand."""
    response = await client.post(SESSION, json={"session_id": session, **config})
    assert response.status == 201
    found: dict[str, Any] = await response.json()
    return found


async def status(client: Client, session: str = "s1") -> dict[str, Any]:
    response = await client.get(f"{SESSION}/{session}/status")
    found: dict[str, Any] = await response.json()
    return {"status": response.status, **found}


async def record(client: Client, session: str = "s1") -> dict[str, Any]:
    found: dict[str, Any] = await (await client.get(f"{SESSION}/{session}/result")).json()
    return found


async def events(client: Client, session: str = "s1", kind: str | None = None) -> list[Any]:
    """Return the journal's events, of one type or all."""
    text = await (await client.get(f"{SESSION}/{session}/journal")).text()
    found = [json.loads(line) for line in text.splitlines()]
    return [event for event in found if kind in (None, event["type"])]


async def room_of(client: Client, session: str = "s1") -> Room:
    assert client.app is not None
    rooms: Rooms = client.app[context.ROOMS]
    return await rooms.find(session)


async def eventually(look: Callable[[], Awaitable[T]]) -> T:
    """Look again and again until there is something to see, for ten seconds at most."""
    async with asyncio.timeout(10):
        while True:
            if found := await look():
                return found
            await asyncio.sleep(0.01)


async def working(executor: ScriptedExecutor) -> None:
    """Wait until a model has something to do."""

    async def jobs() -> int:
        return len(executor.jobs)

    await eventually(jobs)


async def transcribed(client: Client, session: str = "s1") -> int:
    """Return how many segments the record has."""
    return int((await record(client, session))["total_transcripts"])


async def still_answers(socket: Socket) -> None:
    """Check that a connection goes on as if nothing had happened."""
    assert (await ask(socket, note("weiter")))["type"] == "note_saved"


_RECORDED = {kind: encode(SPOKEN, kind) for kind in ("webm", "ogg", "mp4", "mp4-fragments", "wav")}
