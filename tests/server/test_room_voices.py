"""Voices on one microphone of a whole room, from its packets to the record."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.jobs import Job, JobKind, Result
from server import holding
from server.store.voices import FOLDER
from tests.server.browsers import Browsers, bearer, spoken
from tests.server.conftest import Client, Start, ask, until
from tests.server.fakes import ScriptedExecutor
from tests.server.talk import (
    APPLICANT,
    Socket,
    connect,
    create,
    events,
    eventually,
    record,
    room_of,
    said,
)

STEP = 270


class OneVoice(ScriptedExecutor):
    """Models to whom everything is speech of the same voice."""

    async def submit(self, job: Job) -> Result:
        match job.kind:
            case JobKind.ACTIVITY:
                speakers = np.zeros((job.arrays["sound"].size // STEP, 3), np.float32)
                speakers[:, 0] = 1.0
                return Result(job=job.id, arrays={"speakers": speakers}, values={"step": STEP})
            case JobKind.EMBED:
                embeddings = np.zeros((len(job.arrays), 192), np.float32)
                embeddings[:, 0] = 1.0
                return Result(job=job.id, arrays={"embeddings": embeddings})
            case _:
                return await super().submit(job)


@pytest.fixture
def executor() -> ScriptedExecutor:
    return OneVoice()


async def listened_to(client: Client, browse: Browsers) -> Socket:
    """Put a microphone on the table; return somebody who sees what happens."""
    await create(client, seats=[{"seat": APPLICANT, "microphone": "room"}])
    person = await connect(client, "s1", bearer(client, APPLICANT)["Authorization"][7:])
    await ask(person, {"type": "consent"})
    operator = await connect(client)
    await ask(operator, {"type": "confirm_room"})
    await ask(operator, {"type": "subscribe"})
    await until(operator, "caught_up")
    await browse(headers=bearer(client, role="microphone"), speaks=spoken())
    return operator


async def signalled(reader: Socket, kind: str) -> dict[str, Any]:
    return (await until(reader, kind))[-1]


async def test_words_of_a_room_have_a_voice_that_the_session_gets_to_know(
    client: Client, browse: Browsers
) -> None:
    reader = await listened_to(client, browse)
    seen = await until(reader, "utterance_final")
    by_type = {message["type"]: message for message in seen}
    assert by_type["speakers"] | {"track": ""} == {
        "type": "speakers",
        "track": "",
        "state": "on",
        "reason": "",
    }
    assigned, speech, final = (
        by_type[name] for name in ("voice_assigned", "speech", "utterance_final")
    )
    assert (assigned["seat"], assigned["reason"]) == (None, "heard")
    [segment] = final["segments"]
    assert segment["voice"] == assigned["voice"] == speech["spans"][0]["voice"]
    assert speech["track"] == final["track"]
    assert (speech["start"], speech["end"]) == (final["start"], final["end"])


async def test_who_speaks_is_told_while_they_speak(client: Client, browse: Browsers) -> None:
    reader = await listened_to(client, browse)
    await until(reader, "utterance_final")
    told = await signalled(reader, "provisional_speaker")
    assert told["track"].startswith("room-")
    [assigned] = await events(client, kind="voice_assigned")
    assert told["voice"] in (None, assigned["voice"])
    assert 0 <= told["start"] <= (await room_of(client)).now()


async def test_after_the_end_the_room_is_heard_once_more_and_its_sound_goes(
    client: Client, browse: Browsers, tmp_path: Path
) -> None:
    reader = await listened_to(client, browse)
    await until(reader, "utterance_final")
    operator = await connect(client)
    assert (await ask(operator, {"type": "session_end"}))["type"] == "session_ended"

    async def checked() -> list[Any]:
        return await events(client, kind="speakers_checked")

    [found] = await eventually(checked)
    assert found["method"] == "whole"
    room = await room_of(client)

    async def is_done() -> bool:
        return room.holding is None or not room.holding.is_busy

    await eventually(is_done)
    assert room.session.account.speech

    async def is_gone() -> bool:
        left = await asyncio.to_thread(lambda: list((tmp_path / "data").rglob("*.piece")))
        return not left

    await eventually(is_gone)


async def test_voices_are_forgotten_in_time_though_words_still_come(
    start: Start, executor: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "FINAL_PASS_S", 0.1)
    client = await start(end_patience_s=0.05)
    operator = await connect(client)
    await ask(operator, said())
    voices = (await room_of(client)).held().voices
    assert voices.gallery.voices
    executor.gate.clear()  # What is said from now on is understood long after the end.
    await operator.send_json(said())
    other = await connect(client)
    assert (await ask(other, {"type": "session_end"}))["type"] == "session_ended"

    async def is_forgotten() -> bool:
        return not voices.gallery.voices

    await eventually(is_forgotten)
    room = await room_of(client)
    assert room.held().is_busy  # Its words are not given up.
    executor.gate.set()


async def test_a_recording_of_a_room_has_voices_too(client: Client) -> None:
    operator = await connect(client)
    answered = await ask(operator, said())
    assert answered["type"] == "audio_processed"
    [final] = await events(client, kind="utterance_final")
    [assigned] = await events(client, kind="voice_assigned")
    [speech] = await events(client, kind="speech")
    assert [segment["voice"] for segment in final["segments"]] == [assigned["voice"]]
    assert (speech["start"], speech["end"]) == (final["start"], final["end"])
    await ask(operator, said())
    assert len(await events(client, kind="voice_assigned")) == 1  # It is the same voice.
    assert len(await events(client, kind="utterance_final")) == 2


async def test_nobody_is_told_apart_where_that_is_switched_off(
    start: Start, tmp_path: Path
) -> None:
    client = await start(speakers=False)
    browse = Browsers(client)
    reader = await listened_to(client, browse)
    told = await signalled(reader, "speakers")
    assert (told["state"], told["reason"]) == ("off", "disabled")
    final = await signalled(reader, "utterance_final")
    assert [segment["voice"] for segment in final["segments"]] == [None]
    assert await events(client, kind="speech") == []
    await browse.close()
    assert not await asyncio.to_thread((tmp_path / "data" / FOLDER).exists)


class TestWithoutModels:
    """The room works as before."""

    @pytest.fixture
    def executor(self) -> ScriptedExecutor:
        return ScriptedExecutor()

    async def test_a_room_without_models_has_words_and_says_what_is_missing(
        self, client: Client, browse: Browsers
    ) -> None:
        reader = await listened_to(client, browse)
        while (told := await signalled(reader, "speakers"))["state"] != "off":
            pass
        assert told["reason"] == "missing"
        final = await signalled(reader, "utterance_final")
        assert [segment["voice"] for segment in final["segments"]] == [None]
        assert (await record(client))["total_transcripts"] >= 1
