"""Two people at one microphone, heard by the real models in their own processes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from aiohttp.test_utils import TestServer

from pipeline.audio import Samples, samples
from server.app import make_app
from server.paths import session_path
from server.settings import Settings
from tests.containers import encode
from tests.server.conftest import Client, ask
from tests.server.contracts import CheckedClient, CheckedSocket
from tests.server.talk import chunk, connect, create, events
from tests.server.voices import pcm
from tests.speech.clips import all_clips

pytestmark = [pytest.mark.model, pytest.mark.process]

FIRST, SECOND = "면접관_1", "지원자_1"
VOICES = {FIRST: "jm_kumo", SECOND: "jf_tebukuro"}


def said(voice: str) -> Samples:
    return np.concatenate([clip.samples for clip in all_clips() if clip.voice == voice])


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    app = await asyncio.to_thread(make_app, Settings(data=tmp_path, workers=1))
    client: Client = CheckedClient(TestServer(app), ws_response_class=CheckedSocket)
    await client.start_server()
    yield client
    await client.close()


async def test_people_who_enrolled_are_named_in_what_a_room_microphone_heard(
    client: Client,
) -> None:
    places = [{"seat": seat, "microphone": "room"} for seat in VOICES]
    await create(client, seats=places, consent="external")
    named = {}
    sound = []
    for seat, voice in VOICES.items():
        speech = said(voice)
        reading, rest = speech[: samples(9.0)], speech[samples(9.0) : samples(16.0)]
        answer = await client.post(
            session_path("s1", "voice"),
            params={"seat": seat, "agreed": "yes"},
            data=pcm(reading * np.float32(0.5)),
            headers={"Content-Type": "application/octet-stream"},
        )
        assert answer.status == 200, await answer.text()
        named[(await answer.json())["voice"]] = seat
        sound += [rest, np.zeros(samples(1.2), np.float32)]
    operator = await connect(client)
    heard = await ask(operator, chunk(encode(np.concatenate(sound), "wav")))
    assert heard["type"] == "audio_processed"
    finals = await events(client, kind="utterance_final")
    segments = [segment for final in finals for segment in final["segments"]]
    lines = [(segment["words"][0][0], named.get(segment["voice"])) for segment in segments]
    # Both are heard, one after the other, and nobody is taken for the other.
    seats = [seat for _, seat in sorted(lines) if seat is not None]
    assert set(seats) == {FIRST, SECOND}
    assert seats == sorted(seats, key=[FIRST, SECOND].index)
    spoken = await events(client, kind="speech")
    assert {span["voice"] for one in spoken for span in one["spans"]} >= set(named)
