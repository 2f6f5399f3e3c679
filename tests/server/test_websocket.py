"""The exchange that existing clients know: one message, one answer, nothing else."""

import asyncio
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import WSMsgType

from server import decisions
from server.api import websocket
from server.settings import Settings
from tests.containers import KINDS, encode
from tests.server.conftest import Client, Start, answer, ask
from tests.server.fakes import ScriptedExecutor
from tests.server.talk import (
    APPLICANT,
    INTERVIEWER,
    SPOKEN,
    Socket,
    chunk,
    connect,
    events,
    eventually,
    note,
    paused,
    record,
    said,
    status,
    still_answers,
    working,
)


async def silent(socket: Socket, for_s: float = 0.05) -> bool:
    """Whether the server says nothing for a moment."""
    try:
        await socket.receive(timeout=for_s)
    except TimeoutError:
        return True
    return False


async def test_a_note_is_echoed_as_it_was_sent(client: Client) -> None:
    socket = await connect(client)
    saved = await ask(socket, note("차분하다", INTERVIEWER, timestamp=1753000000123))
    assert saved == {
        "type": "note_saved",
        "speaker": INTERVIEWER,
        "note": "차분하다",
        "timestamp": 1753000000123,
    }
    assert (await ask(socket, note("둘")))["timestamp"] is None
    assert (await ask(socket, note("셋", timestamp="어제")))["timestamp"] == "어제"


async def test_nothing_is_sent_unasked_before_subscribe(client: Client) -> None:
    quiet, busy = await connect(client), await connect(client)
    for _ in range(3):
        await still_answers(busy)
    await ask(busy, said(speaker=APPLICANT))
    assert await silent(quiet)
    assert await silent(busy)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_whole_recording_is_answered_with_its_words(client: Client, kind: str) -> None:
    socket = await connect(client)
    answered = await ask(socket, said(kind, speaker=APPLICANT))
    assert answered["type"] == "audio_processed"
    result = answered["result"]
    assert result["success"] is True
    assert result["timestamp"] == 5.5
    assert result["transcription"]["text"] == "저는 개발 경험이 있습니다."
    assert result["transcription"]["success"] is True
    assert [part["speaker"] for part in result["transcription"]["segments"]] == [APPLICANT]
    assert result["diarization"]["current_speaker"] == APPLICANT
    assert result["diarization"]["voice_confidence"] == 1.0
    evaluation = result["evaluation"]
    assert evaluation["speaker"] == APPLICANT
    assert evaluation["score"] == 20
    assert evaluation["keywords"] == ["기술: 1개", "경험: 1개"]


async def test_one_chunk_with_several_utterances_has_one_entry_for_each(
    client: Client, executor: ScriptedExecutor
) -> None:
    executor.lines = ["첫째 말입니다.", "둘째 말입니다."]
    socket = await connect(client)
    result = (await ask(socket, chunk(encode(paused(SPOKEN, SPOKEN), "ogg"), speaker=APPLICANT)))[
        "result"
    ]
    assert result["transcription"]["text"] == "첫째 말입니다. 둘째 말입니다."
    assert [part["text"] for part in (await record(client))["transcripts"]] == [
        "첫째 말입니다.",
        "둘째 말입니다.",
    ]


async def test_a_room_microphone_stays_unknown_and_is_never_scored(client: Client) -> None:
    result = (await ask(await connect(client), said()))["result"]
    assert result["diarization"] == {"current_speaker": "unknown", "voice_confidence": 0.0}
    assert result["evaluation"]["score"] == 0
    assert result["evaluation"]["feedback"] == ["화자가 확인되지 않아 평가하지 않았습니다."]


async def test_a_continued_recording_waits_with_its_open_utterance(client: Client) -> None:
    socket = await connect(client)
    recording = encode(paused(SPOKEN, SPOKEN), "webm")
    # Behind the header, in the middle of the first utterance, in the second pause.
    cuts = [300, len(recording) // 4, len(recording) * 9 // 10]
    pieces = [
        recording[a:b] for a, b in zip([0, *cuts], [*cuts, len(recording)], strict=True) if b > a
    ]
    counts = []
    for piece in pieces:
        result = (await ask(socket, chunk(piece, speaker=APPLICANT)))["result"]
        assert result["success"], result
        counts.append(len(result["transcription"]["segments"]))
    assert counts[:2] == [0, 0]
    assert sum(counts) >= 1
    final = (await ask(socket, {"type": "session_end"}))["final_result"]
    assert final["total_transcripts"] == 2


async def test_the_summary_counts_and_the_status_tells(client: Client) -> None:
    socket = await connect(client)
    await ask(socket, note("하나"))
    await ask(socket, note("둘", timestamp=7))
    await ask(socket, said(speaker=APPLICANT))
    summary = (await ask(socket, {"type": "evaluation_request"}))["summary"]
    assert summary["session_id"] == "s1"
    assert summary["total_transcripts"] == 1
    assert summary["total_evaluations"] == 1
    assert summary["average_score"] == 20
    stats = summary["speaker_stats"][APPLICANT]
    assert (stats["total_notes"], stats["last_note"]) == (2, "둘")
    told = await status(client)
    assert told["status"] == 200
    assert told["is_active"] is True
    assert told["speakers"] == [APPLICANT]
    assert told["total_transcripts"] == 1


async def test_session_end_answers_the_record_and_closes(client: Client) -> None:
    socket = await connect(client)
    await ask(socket, note("하나", timestamp=7))
    await ask(socket, said(speaker=APPLICANT))
    ended = await ask(socket, {"type": "session_end"})
    assert ended["type"] == "session_ended"
    final = ended["final_result"]
    assert final["session_id"] == "s1"
    assert final["revision"] == 1
    assert final["start_time"] < final["end_time"]
    assert [part["text"] for part in final["transcripts"]] == ["저는 개발 경험이 있습니다."]
    assert final["speaker_notes"][APPLICANT][0]["note"] == "하나"
    assert final["speaker_notes"][APPLICANT][0]["timestamp"] == 7
    assert final["evaluations"][0]["speaker"] == APPLICANT
    assert final["average_score"] == 20
    assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE
    assert socket.close_code == 1000
    told = await status(client)
    assert (told["status"], told["detail"]) == (404, "Session not found")


async def test_an_ended_session_is_read_and_never_revived(client: Client) -> None:
    await ask(await connect(client), {"type": "session_end"})
    socket = await connect(client)
    for message in (note(), said(), {"type": "subscribe"}):
        assert (await ask(socket, message))["code"] == "session_over"
    assert (await ask(socket, {"type": "evaluation_request"}))["type"] == "evaluation_summary"
    assert (await ask(socket, {"type": "session_end"}))["type"] == "session_ended"
    assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE
    assert (await status(client))["status"] == 404
    assert len(await events(client, kind="session_closed")) == 1


async def test_two_who_end_at_once_get_the_same_end(client: Client) -> None:
    one, two = await connect(client), await connect(client)
    first, second = await asyncio.gather(
        ask(one, {"type": "session_end"}), ask(two, {"type": "session_end"})
    )
    assert first == second
    assert len(await events(client, kind="session_closed")) == 1


async def test_closing_the_socket_does_not_end_the_session(client: Client) -> None:
    socket = await connect(client)
    await ask(socket, note("하나"))
    await socket.close()
    told = await status(client)
    assert (told["status"], told["is_active"]) == (200, False)
    assert (await ask(await connect(client), {"type": "evaluation_request"}))["summary"][
        "speaker_stats"
    ][APPLICANT]["total_notes"] == 1


async def test_two_connections_share_a_session_and_not_their_answers(client: Client) -> None:
    one, two = await connect(client), await connect(client)
    await asyncio.gather(
        *(ask(one, note(f"a{number}")) for number in range(1)),
        *(ask(two, note(f"b{number}")) for number in range(1)),
    )
    summary = (await ask(two, {"type": "evaluation_request"}))["summary"]
    assert summary["speaker_stats"][APPLICANT]["total_notes"] == 2


async def test_answers_without_ids_come_in_the_order_of_the_questions(
    client: Client, executor: ScriptedExecutor
) -> None:
    executor.gate.clear()
    socket = await connect(client)
    await socket.send_json(said(speaker=APPLICANT))
    await socket.send_json(note("danach"))
    assert await silent(socket)
    executor.gate.set()
    assert (await answer(socket))["type"] == "audio_processed"
    assert (await answer(socket))["type"] == "note_saved"


async def test_a_silent_client_is_pinged_in_json(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "SILENCE_S", 0.1)
    socket = await connect(client)
    first, second = await answer(socket), await answer(socket)
    assert first["type"] == second["type"] == "ping"
    assert second["timestamp"] - first["timestamp"] >= 0.09


async def test_an_owed_answer_is_never_preceded_by_a_json_ping(
    client: Client, executor: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "SILENCE_S", 0.1)
    monkeypatch.setattr(websocket, "OWED_PING_S", 0.1)
    executor.gate.clear()
    socket = await connect(client, autoping=False)
    await socket.send_json(said(speaker=APPLICANT))
    for _ in range(2):
        assert (await socket.receive(timeout=5)).type is WSMsgType.PING
    executor.gate.set()
    received = await socket.receive(timeout=5)
    while received.type is WSMsgType.PING:
        received = await socket.receive(timeout=5)
    assert received.json()["type"] == "audio_processed"


async def test_who_waits_for_memory_is_not_pinged_in_json_either(
    start: Start, executor: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "SILENCE_S", 0.1)
    monkeypatch.setattr(websocket, "OWED_PING_S", 0.1)
    client = await start(memory_budget=100_000)
    executor.gate.clear()
    first = await connect(client)
    recording = encode(paused(SPOKEN), "wav")
    await first.send_json(chunk(recording, speaker=APPLICANT))
    await working(executor)
    second = await connect(client, autoping=False)
    await second.send_json(chunk(recording, speaker="지원자_2"))
    for _ in range(3):
        assert (await second.receive(timeout=5)).type is WSMsgType.PING
    executor.gate.set()
    received = await second.receive(timeout=5)
    while received.type is WSMsgType.PING:
        received = await second.receive(timeout=5)
    assert received.json()["type"] == "audio_processed"


async def test_applicants_are_evaluated_every_tick_and_only_when_they_said_more(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "TICK_S", 0.2)
    socket = await connect(client, "ticking")
    await socket.send_json({"type": "subscribe"})
    await ask_past(socket, said(speaker=APPLICANT))
    await ask_past(socket, said(speaker=INTERVIEWER))
    await eventually(lambda: events(client, "ticking", "evaluation"))
    await asyncio.sleep(0.5)
    found = await events(client, "ticking", "evaluation")
    assert [event["applicant"] for event in found] == [APPLICANT]
    assert {level["level"] for level in found[0]["levels"]} == {None}
    assert [level["evidence"][0]["segment"] for level in found[0]["levels"] if level["evidence"]]


async def ask_past(socket: Socket, message: dict[str, object]) -> dict[str, object]:
    """Ask on a subscribed connection: events may come before the answer."""
    await socket.send_json(message)
    while (found := await answer(socket))["type"] != "audio_processed":
        pass
    return found


async def test_an_evaluation_request_evaluates_at_once_what_is_new(
    client: Client, executor: ScriptedExecutor
) -> None:
    socket = await connect(client)
    await ask(socket, said(speaker=INTERVIEWER))
    assert (await ask(socket, {"type": "evaluation_request"}))["summary"]["total_evaluations"] == 0
    await ask(socket, said(speaker=APPLICANT))
    for _ in range(2):
        summary = (await ask(socket, {"type": "evaluation_request"}))["summary"]
        assert summary["total_evaluations"] == 1
    executor.lines = ["팀워크 그리고 소통"]
    await ask(socket, said(speaker=APPLICANT))
    summary = (await ask(socket, {"type": "evaluation_request"}))["summary"]
    assert summary["total_evaluations"] == 2
    assert summary["applicants"][APPLICANT]["score"] == 40


async def test_the_status_shows_what_is_waiting(client: Client, executor: ScriptedExecutor) -> None:
    executor.gate.clear()
    socket = await connect(client)
    await socket.send_json(said(speaker=APPLICANT))
    await working(executor)
    told = await status(client)
    assert told["pipeline"]["running"] == 1
    assert told["pipeline"]["chunks"] == 1
    executor.gate.set()
    await answer(socket)
    assert (await status(client))["pipeline"]["running"] == 0


async def test_a_session_id_may_be_any_text_without_slash(client: Client) -> None:
    for name in ("면접 2026-1차", "a" * 128, "%", "..."):
        socket = await client.ws_connect(
            f"/api/v1/realtime-interview/ws/interview/{quote(name, safe='')}"
        )
        summary = (await ask(socket, {"type": "evaluation_request"}))["summary"]
        assert summary["session_id"] == name
        await socket.close()


async def test_no_more_connections_than_allowed(start: Start) -> None:
    client = await start(max_connections=1)
    socket = await connect(client)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await connect(client, "s2")
    assert refused.value.status == 503
    await still_answers(socket)
    assert Settings().max_connections > 1
