"""What is wrong gets one clear error; nothing is lost and nobody else notices."""

import asyncio
import json
import os
import struct
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import WSMsgType
from aiohttp.client_ws import ClientWSTimeout
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.audio import samples
from pipeline.engines.silero import SileroVad
from pipeline.jobs import EngineError
from server.errors import ClientError
from server.journal import opening
from server.journal.sqlite.journal import SqliteJournal
from server.messages import decode_command
from tests.containers import encode
from tests.server.conftest import Client, Start, answer, ask, socket_path
from tests.server.fakes import ScriptedExecutor
from tests.server.talk import (
    APPLICANT,
    SPOKEN,
    Socket,
    base64_of,
    chunk,
    connect,
    events,
    eventually,
    note,
    paused,
    record,
    said,
    still_answers,
    transcribed,
    working,
)

MIB = 1024 * 1024
END = {"type": "session_end"}


def depth(levels: int) -> str:
    return "[" * levels + "]" * levels


WRONG_FRAMES = {
    "no json": ("hello", "bad_json"),
    "half": ('{"type":"session_end"', "bad_json"),
    "empty": ("", "bad_json"),
    "not an object": ("[1]", "bad_message"),
    "no type": ('{"note":"x"}', "bad_message"),
    "unknown type": ('{"type":"dance"}', "unknown_type"),
    "type is a list": ('{"type":[]}', "unknown_type"),
    "field of the wrong type": ('{"type":"speaker_note","speaker":"a","note":5}', "bad_message"),
    "field missing": ('{"type":"audio_chunk"}', "bad_message"),
    "very deep": ('{"type":"session_end","x":' + depth(200_000) + "}", "bad_json"),
    "deep type": ('{"type":' + depth(200_000) + "}", "bad_json"),
    "unknown seat": (json.dumps(note(about="지원자_7")), "unknown_seat"),
    "empty note": (json.dumps(note("  ")), "bad_message"),
    "endless note": (json.dumps(note("x" * 41_000)), "too_large"),
    "seq below zero": ('{"type":"subscribe","after_seq":-1}', "bad_message"),
}


@pytest.mark.parametrize("name", WRONG_FRAMES)
async def test_a_wrong_frame_gets_one_error_and_the_connection_stays(
    client: Client, name: str
) -> None:
    frame, code = WRONG_FRAMES[name]
    socket = await connect(client)
    await socket.send_str(frame)
    error = await answer(socket)
    assert (error["type"], error["code"]) == ("error", code)
    assert error["error"].endswith(".")
    await still_answers(socket)
    assert len(await events(client, kind="note_added")) == 1


async def test_a_binary_frame_is_refused(client: Client) -> None:
    socket = await connect(client)
    await socket.send_bytes(encode(SPOKEN, "webm"))
    assert (await answer(socket))["code"] == "bad_message"
    await still_answers(socket)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "speaker", "note", "id", "audio_data", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ),
    st.sampled_from(["speaker_note", "audio_chunk", "subscribe", "consent", None]),
)
def test_whatever_json_comes_is_a_command_or_a_clear_refusal(value: Any, kind: str | None) -> None:
    if isinstance(value, dict) and kind is not None:
        value["type"] = kind
    with suppress(ClientError):
        decode_command(json.dumps(value))


async def test_nine_mebibytes_of_rubbish_are_refused(client: Client) -> None:
    socket, other = await connect(client), await connect(client)
    await socket.send_str("x" * 9 * MIB)
    assert (await answer(socket))["code"] == "bad_json"
    await socket.send_json(chunk(os.urandom(6 * MIB), speaker=APPLICANT))
    assert (await answer(socket))["result"]["success"] is False
    await still_answers(socket)
    await still_answers(other)


async def test_a_frame_beyond_64_mebibytes_is_answered_too_large(client: Client) -> None:
    socket, other = await connect(client), await connect(client)
    await socket.send_str("x" * (64 * MIB + 1))
    await still_answers(other)
    assert (await answer(socket))["code"] == "too_large"
    await still_answers(socket)


async def test_a_frame_beyond_128_mebibytes_closes_with_1009(client: Client) -> None:
    other = await connect(client)
    host, port = client.server.host, client.server.port
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(
        f"GET {socket_path('s1')} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    # FIN and text; masked, a length of 64 bits; a mask of zeros (RFC 6455, section 5.2).
    writer.write(b"\x81\xff" + struct.pack(">Q", 130 * MIB) + bytes(4))
    frame = await asyncio.wait_for(reader.read(4), 5)
    assert (frame[0], struct.unpack(">H", frame[2:4])[0]) == (0x88, 1009)
    writer.close()
    await still_answers(other)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no audio at all",
        os.urandom(1000),
        b"\x1aE\xdf\xa3" + bytes(500),
        b"OggS\x00\x02" + bytes(100),
    ],
)
async def test_bytes_that_are_no_audio_are_answered_with_a_reason(
    client: Client, data: bytes
) -> None:
    socket = await connect(client)
    await socket.send_json(chunk(data, speaker=APPLICANT))
    result = (await answer(socket))["result"]
    assert result["success"] is False
    assert result["transcription"]["text"] == ""
    assert result["error"].endswith(".")
    assert (await ask(socket, said(speaker=APPLICANT)))["result"]["success"] is True


async def test_what_is_no_base64_is_answered_with_a_reason(client: Client) -> None:
    socket = await connect(client)
    for text in ("äöü", "@@@@", "AAA", "A" * 5, "AAAA=AAA"):
        message = {"type": "audio_chunk", "audio_data": text}
        assert "base64" in (await ask(socket, message))["result"]["error"]
    url = {"type": "audio_chunk", "audio_data": "data:audio/wav;base64," + _wav_base64()}
    assert (await ask(socket, url))["result"]["success"] is True


def _wav_base64() -> str:
    return base64_of(encode(SPOKEN, "wav"))


async def test_base64_longer_than_a_step_is_decoded_whole(client: Client) -> None:
    socket = await connect(client)
    long = encode(paused(SPOKEN, np.zeros(samples(60), np.float32)), "wav")
    assert len(long) > 1.5 * MIB
    assert (await ask(socket, chunk(long)))["result"]["transcription"]["success"] is True
    assert (await record(client))["total_transcripts"] == 1


async def test_rubbish_does_not_end_the_recording_it_comes_into(client: Client) -> None:
    socket = await connect(client)
    recording = encode(paused(SPOKEN), "wav")
    middle = len(recording) // 4 * 2
    await ask(socket, chunk(recording[:4000], speaker=APPLICANT))
    await ask(socket, chunk(recording[4000:middle], speaker=APPLICANT))
    rubbish = chunk(b"\x1aE\xdf\xa3" + bytes(500), speaker=APPLICANT)
    assert (await ask(socket, rubbish))["result"]["success"] is False
    await ask(socket, chunk(recording[middle:], speaker=APPLICANT))
    final = (await ask(socket, END))["final_result"]
    assert final["total_transcripts"] == 1


async def test_a_truncated_recording_is_heard_as_far_as_it_goes(client: Client) -> None:
    socket = await connect(client)
    for kind in ("webm", "ogg", "wav"):
        whole = encode(paused(SPOKEN), kind)
        result = (await ask(socket, chunk(whole[: len(whole) * 7 // 10])))["result"]
        assert result["success"] is True
        assert result["transcription"]["text"] == "저는 개발 경험이 있습니다."


async def test_a_continuation_without_its_beginning_says_so(client: Client) -> None:
    socket = await connect(client)
    recording = encode(SPOKEN, "webm")
    result = (await ask(socket, chunk(recording[700:], speaker=APPLICANT)))["result"]
    assert result["success"] is False
    assert "begin no" in result["error"]
    assert result["code"] == "not_audio"
    # Another speaker's stream, or another connection's, is no beginning for this one.
    await ask(socket, chunk(recording[:700], speaker="지원자_2"))
    other = await connect(client)
    for place in (socket, other):
        again = await ask(place, chunk(recording[700:], speaker=APPLICANT))
        assert again["result"]["success"] is False


async def test_a_failing_model_is_admitted_and_marked_in_the_record(
    client: Client, executor: ScriptedExecutor
) -> None:
    executor.error = EngineError("out of memory")
    socket = await connect(client)
    result = (await ask(socket, said(speaker=APPLICANT)))["result"]
    assert result["success"] is False
    assert result["error"].endswith(".")
    assert "memory" not in result["error"]
    dropped = await events(client, kind="utterance_dropped")
    assert [event["reason"] for event in dropped] == ["engine_failed"]
    executor.error = None
    assert (await ask(socket, said(speaker=APPLICANT)))["result"]["success"] is True


async def test_invented_words_are_dropped_and_marked(
    client: Client, executor: ScriptedExecutor
) -> None:
    executor.lines = ["가 나 다 라 마 바 사 아 자 차 카 타 파 하 " * 20]
    result = (await ask(await connect(client), said()))["result"]
    assert result["success"] is True
    assert result["transcription"]["text"] == ""
    assert [event["reason"] for event in await events(client, kind="utterance_dropped")] == [
        "too_fast"
    ]


async def test_a_full_disk_is_admitted_and_nothing_acknowledged_is_lost(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "SqliteJournal", partial(SqliteJournal, max_pages=40))
    client = await start()
    socket, other = await connect(client), await connect(client, "s2")
    saved = 0
    while (answered := await ask(socket, note("y" * 5000)))["type"] == "note_saved":
        saved += 1
        assert saved < 100
    assert answered["code"] == "storage_full"
    assert (await ask(other, note("y" * 5000)))["code"] == "storage_full"
    assert (await ask(socket, END))["type"] in ("error", "session_ended")
    client = await start()
    found = await events(client, kind="note_added")
    assert len([event for event in found if len(event["note"]) == 5000]) == saved > 3


async def test_a_connection_that_dies_loses_its_answer_and_not_its_words(
    client: Client, executor: ScriptedExecutor
) -> None:
    executor.gate.clear()
    socket = await connect(client)
    await socket.send_json(said(speaker=APPLICANT))
    await socket.close()
    await working(executor)
    executor.gate.set()
    assert await eventually(lambda: transcribed(client)) == 1


async def test_a_connection_that_dies_leaves_no_open_utterance_behind(client: Client) -> None:
    recording = encode(SPOKEN, "wav")
    for number, ids in enumerate(({}, {"id": "a" * 22})):
        socket = await connect(client)
        await ask(socket, chunk(recording[:2000], speaker=APPLICANT))
        await socket.send_json(chunk(recording[2000:], speaker=APPLICANT, **ids))
        await socket.close()
        assert await eventually(partial(_more, client, number)) == number + 1


async def _more(client: Client, than: int) -> int:
    count = await transcribed(client)
    return count if count > than else 0


async def test_an_hour_long_recording_leaves_room_for_everybody(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SileroVad, "__call__", _loud)  # The real one takes seven seconds here.
    socket = await connect(client, timeout=ClientWSTimeout(ws_receive=60))
    other = await connect(client, "s2")
    await socket.send_json(chunk(_hour(), speaker=APPLICANT))
    while (await record(client))["total_transcripts"] == 0:
        await still_answers(other)
        await asyncio.sleep(0.05)
    before, peak = _resident(), 0
    answered = asyncio.create_task(socket.receive_json(timeout=60))
    while not answered.done():
        await still_answers(other)
        peak = max(peak, _resident())
        await asyncio.sleep(0.1)
    result = (await answered)["result"]
    assert len(result["transcription"]["segments"]) == 12
    assert peak - before < 64 * MIB  # Its samples alone are 220 MiB.
    assert result["transcription"]["segments"][-1]["end"] > 3000


def _hour() -> bytes:
    """A WAV of an hour, 8 kHz and 8 bit, in which something is said every five minutes."""
    spoken = (SPOKEN[::2] * 127 + 128).astype(np.uint8)
    minutes = np.full(300 * 8000, 128, np.uint8)
    minutes[: spoken.size] = spoken
    data = minutes.tobytes() * 12
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    head = form + struct.pack("<4sI", b"data", len(data))
    return struct.pack("<4sI4s", b"RIFF", 4 + len(head) + len(data), b"WAVE") + head + data


def _loud(_: SileroVad, windows: np.ndarray[Any, np.dtype[np.float32]]) -> Any:
    return (np.abs(windows).max(axis=1) > 0.05).astype(np.float32)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def test_a_session_ended_twice_is_ended_once(client: Client) -> None:
    socket: Socket = await connect(client)
    await socket.send_json(END)
    await socket.send_json(END)
    first = await answer(socket)
    assert first["type"] == "session_ended"
    again = await socket.receive(timeout=5)
    assert again.type is WSMsgType.CLOSE or again.json() == first
    second = await ask(await connect(client), END)
    assert second["final_result"] == first["final_result"]
    assert len(await events(client, kind="session_closed")) == 1
