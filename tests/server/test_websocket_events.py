"""Ids and their repeats, subscribing, replay, resuming, and who reads too slowly."""

import socket as sockets
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from server.api import conversation
from server.events import NoteAdded
from tests.containers import encode
from tests.server.conftest import Client, Start, answer, ask, socket_path, until
from tests.server.fakes import ScriptedExecutor
from tests.server.talk import (
    APPLICANT,
    SPOKEN,
    Socket,
    chunk,
    connect,
    events,
    eventually,
    link,
    new_id,
    note,
    paused,
    record,
    room_of,
    said,
    sit,
    still_answers,
    working,
)

JUDGEMENT = {"note_added", "evaluation"}


async def subscribe(socket: Socket, after_seq: int = 0) -> list[dict[str, Any]]:
    """Return what is replayed, without the closing ``caught_up``."""
    await socket.send_json({"type": "subscribe", "after_seq": after_seq})
    return (await until(socket, "caught_up"))[:-1]


async def add_notes(client: Client, count: int, text: str = "x") -> None:
    room = await room_of(client)
    await room.ledger.commit(
        lambda _, at: [NoteAdded(note=text, about=APPLICANT, media_at=at)] * count, by="면접관_1"
    )


async def test_an_answer_names_its_command_and_the_seq_of_its_event(client: Client) -> None:
    socket = await connect(client)
    cmd = new_id()
    saved = await ask(socket, note(id=cmd))
    event = (await events(client, kind="note_added"))[0]
    assert (saved["reply_to"], saved["seq"]) == (cmd, event["seq"])
    assert event["cmd"] == cmd
    heard = await ask(socket, said(speaker=APPLICANT, id=(cmd := new_id())))
    taken = (await events(client, kind="audio_taken"))[0]
    assert (heard["reply_to"], heard["seq"]) == (cmd, taken["seq"])
    summary = await ask(socket, {"type": "evaluation_request", "id": (cmd := new_id())})
    assert summary["reply_to"] == cmd
    ended = await ask(socket, {"type": "session_end", "id": (cmd := new_id())})
    closed = (await events(client, kind="session_closed"))[0]
    assert (ended["reply_to"], ended["seq"]) == (cmd, closed["seq"])


async def test_answers_without_id_carry_neither_reply_to_nor_seq(client: Client) -> None:
    socket = await connect(client)
    for message in (note(), said(speaker=APPLICANT), {"type": "nonsense"}, {"type": "session_end"}):
        assert not {"reply_to", "seq"} & (await ask(socket, message)).keys()


async def test_errors_name_the_command_they_answer(client: Client) -> None:
    socket = await connect(client)
    cmd = new_id()
    for message in (
        note(about="지원자_9", id=cmd),
        {"type": "nonsense", "id": cmd},
        {"type": "speaker_note", "speaker": 1, "id": cmd},
    ):
        assert (await ask(socket, message))["reply_to"] == cmd


@pytest.mark.parametrize("cmd", ["short", "a" * 21, "a" * 129, "a" * 21 + "ä", "a b" * 10, ""])
async def test_an_id_that_is_too_short_or_strange_is_refused(client: Client, cmd: str) -> None:
    socket = await connect(client)
    assert (await ask(socket, note(id=cmd)))["code"] == "bad_id"
    assert await events(client, kind="note_added") == []


async def test_a_repeat_gets_the_same_answer_and_is_executed_once(
    start: Start, executor: ScriptedExecutor
) -> None:
    client = await start()
    one, two = await connect(client), await connect(client)
    written, spoken = note(id=new_id()), said(speaker=APPLICANT, id=new_id())
    saved, heard = await ask(one, written), await ask(one, spoken)
    assert await ask(two, written) == saved
    assert await ask(two, spoken) == heard
    client = await start()
    socket = await connect(client)
    assert await ask(socket, written) == saved
    assert await ask(socket, spoken) == heard
    assert len(await events(client, kind="note_added")) == 1
    assert len(await events(client, kind="utterance_final")) == 1
    assert len(executor.jobs) == 1


async def test_a_chunk_repeated_while_it_is_in_work_is_understood_once(
    client: Client, executor: ScriptedExecutor
) -> None:
    executor.gate.clear()
    one, two = await connect(client), await connect(client)
    spoken = said(speaker=APPLICANT, id=new_id())
    await one.send_json(spoken)
    await two.send_json(spoken)
    await still_answers_with_id(one)
    await still_answers_with_id(two)
    executor.gate.set()
    assert await answer(one) == await answer(two)
    assert len(await events(client, kind="utterance_final")) == 1


async def test_a_chunk_without_id_does_not_overtake_one_with_id(client: Client) -> None:
    socket = await connect(client)
    recording = encode(paused(SPOKEN), "wav")
    await socket.send_json(chunk(recording[:2000], speaker=APPLICANT, id=new_id()))
    await socket.send_json(chunk(recording[2000:], speaker=APPLICANT))
    assert [(await answer(socket))["result"]["success"] for _ in range(2)] == [True, True]
    assert len(await events(client, kind="utterance_final")) == 1


async def still_answers_with_id(socket: Socket) -> None:
    """An answer with ``reply_to`` need not wait for those before it."""
    assert (await ask(socket, note(id=new_id())))["type"] == "note_saved"


async def test_a_repeated_note_is_saved_even_when_the_session_is_over(client: Client) -> None:
    socket = await connect(client)
    written = note(id=new_id())
    saved = await ask(socket, written)
    await ask(socket, {"type": "session_end"})
    socket = await connect(client)
    assert await ask(socket, written) == saved
    assert (await ask(socket, note(id=new_id())))["code"] == "session_over"


async def test_somebody_elses_id_is_refused(client: Client) -> None:
    one, two = await sit_first(client, "면접관_1"), await sit(client, "면접관_2")
    for message in (note(id=new_id()), said(speaker="면접관_1", id=new_id())):
        await ask(one, message)
        theirs = message | ({"speaker": "면접관_2"} if "audio_data" in message else {})
        assert (await ask(two, theirs))["code"] == "bad_id"


async def sit_first(client: Client, seat: str) -> Socket:
    """Open the session as operator, then sit down in it."""
    await (await connect(client)).close()
    return await sit(client, seat)


async def test_one_id_is_for_one_command_only(client: Client) -> None:
    socket = await connect(client)
    cmd = new_id()
    await ask(socket, note(id=cmd))
    assert (await ask(socket, said(speaker=APPLICANT, id=cmd)))["code"] == "bad_id"
    assert (await ask(socket, {"type": "session_end", "id": cmd}))["code"] == "bad_id"
    await still_answers(socket)
    assert (await ask(socket, {"type": "session_end", "id": new_id()}))["type"] == "session_ended"


async def test_a_subscriber_gets_the_past_then_caught_up_then_what_happens(client: Client) -> None:
    writer, reader = await connect(client), await connect(client)
    await ask(writer, note("vorher"))
    cmd = new_id()
    await reader.send_json({"type": "subscribe", "id": cmd})
    replayed = await until(reader, "caught_up")
    assert [event["type"] for event in replayed] == [
        "session_created",
        "joined",
        "joined",
        "note_added",
        "caught_up",
    ]
    assert [event["seq"] for event in replayed] == [1, 2, 3, 4, 4]
    assert replayed[-1]["reply_to"] == cmd
    await ask(writer, note("nachher"))
    live = await answer(reader)
    assert (live["type"], live["seq"], live["note"]) == ("note_added", 5, "nachher")
    assert (await ask(reader, {"type": "subscribe"}))["code"] == "already_subscribed"


async def test_a_subscriber_resumes_by_seq(client: Client) -> None:
    writer, reader = await connect(client), await connect(client)
    await subscribe(reader)
    for number in range(3):
        await ask(writer, note(str(number)))
    last = (await until(reader, "note_added"))[-1]
    await reader.close()
    reader = await connect(client)
    rest = [e["note"] for e in await subscribe(reader, last["seq"]) if e["type"] == "note_added"]
    assert rest == ["1", "2"]


async def test_who_is_ahead_of_the_journal_still_hears_what_happens(client: Client) -> None:
    writer, reader = await connect(client), await connect(client)
    assert await subscribe(reader, 10**30) == []
    await ask(writer, note("neu"))
    assert (await answer(reader))["note"] == "neu"


async def test_replay_is_complete_and_in_order_from_journal_and_memory(client: Client) -> None:
    writer, reader = await connect(client), await connect(client)
    for _ in range(16):
        await add_notes(client, 100)
    await reader.send_json({"type": "subscribe"})
    await ask(writer, note("zuletzt"))
    replayed = await until(reader, "caught_up")
    seqs = [event["seq"] for event in replayed[:-1]]
    seqs += [(await answer(reader))["seq"]] if seqs[-1] < 1604 else []
    assert seqs == list(range(1, 1605))


async def test_an_applicant_never_receives_notes_or_evaluations(client: Client) -> None:
    operator = await connect(client)
    applicant, interviewer = await sit(client, APPLICANT), await sit(client, "면접관_1")
    early = await subscribe(applicant)
    await subscribe(interviewer)
    await ask(operator, note("geheim"))
    await applicant.send_json(said(speaker=APPLICANT))
    heard = await until(applicant, "audio_processed")
    assert heard[-1]["result"]["evaluation"] == {}
    assert heard[-1]["result"]["transcription"]["text"] == "저는 개발 경험이 있습니다."
    await ask(operator, {"type": "evaluation_request"})
    await operator.send_json({"type": "session_end"})
    told = [event["type"] for event in await until(interviewer, "session_closed")]
    assert set(told) >= JUDGEMENT
    live = await until(applicant, "session_closed")
    wire = str([early, heard, live])
    assert not JUDGEMENT & {event["type"] for event in early + heard + live}
    assert "geheim" not in wire
    assert "score" not in wire
    assert "utterance_final" in wire


async def test_an_observer_sees_words_and_no_judgement(client: Client) -> None:
    operator = await connect(client)
    await ask(operator, note("geheim"))
    await ask(operator, said(speaker=APPLICANT))
    await ask(operator, {"type": "evaluation_request"})
    observer = await connect(client, "s1", link(client, "s1", role="observer"))
    kinds = {event["type"] for event in await subscribe(observer)}
    assert "utterance_final" in kinds
    assert not kinds & JUDGEMENT
    microphone = await connect(client, "s1", link(client, "s1", role="microphone"))
    assert (await ask(microphone, {"type": "subscribe"}))["code"] == "forbidden"
    answered = await ask(microphone, said())
    assert answered["result"]["transcription"] == {"text": "", "success": True, "segments": []}


async def test_the_end_closes_every_socket_and_subscribers_hear_why(client: Client) -> None:
    ender, reader, idle = [await connect(client) for _ in range(3)]
    await subscribe(reader)
    await ask(ender, {"type": "session_end"})
    assert (await until(reader, "session_closed"))[-1]["reason"] == "ended"
    for socket in (ender, reader, idle):
        assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE
        assert socket.close_code == 1000


async def test_a_slow_subscriber_is_closed_and_others_go_on(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "FAREWELL_S", 0.1)
    fast = await connect(client)
    async with aiohttp.ClientSession(connector=_narrow()) as session:
        slow = await session.ws_connect(client.make_url(socket_path("s1")))
        await subscribe(slow)
        await subscribe(fast)
        left, seqs = 0, [0]
        while left == 0:
            await add_notes(client, 20, "길다" * 2000)
            seqs = [(await until(fast, "note_added"))[-1]["seq"] for _ in range(20)]
            assert seqs == list(range(seqs[0], seqs[0] + 20))
            left = len(await events_of_memory(client, "left"))
            assert seqs[-1] < 3000
        assert seqs[-1] > 1000
        last = 0
        while (message := await slow.receive(timeout=5)).type is WSMsgType.TEXT:
            last = message.json().get("seq", last)
        assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR)
    resumed = await connect(client)
    assert (await subscribe(resumed, last))[0]["seq"] == last + 1


async def events_of_memory(client: Client, kind: str) -> list[Any]:
    room = await room_of(client)
    return [
        entry
        for entry, _ in await room.ledger.entries_after(room.session.seq - 21, 21)
        if entry.type == kind
    ]


def _narrow() -> aiohttp.TCPConnector:
    """Connections whose receiving side holds a few kilobytes."""

    def make(info: aiohttp.AddrInfoType) -> sockets.socket:
        made = sockets.socket(info[0], info[1], info[2])
        made.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        return made

    return aiohttp.TCPConnector(socket_factory=make)


async def test_late_words_of_an_ended_session_are_kept_as_a_new_revision(
    start: Start, executor: ScriptedExecutor
) -> None:
    client = await start(end_patience_s=0.1)
    executor.gate.clear()
    speaker, ender = await connect(client), await connect(client)
    await speaker.send_json(said(speaker=APPLICANT))
    await working(executor)
    assert (await ask(speaker, {**chunk(b""), "id": new_id()}))["result"]["success"] is False
    final = (await ask(ender, {"type": "session_end"}))["final_result"]
    assert (final["total_transcripts"], final["revision"]) == (0, 1)
    result = (await answer(speaker))["result"]
    assert result["success"] is False
    assert "record" in result["error"]
    executor.gate.set()
    await eventually(lambda: events(client, kind="evaluation"))
    kept = await record(client)
    assert [part["text"] for part in kept["transcripts"]] == ["저는 개발 경험이 있습니다."]
    assert kept["revision"] > 1


async def test_a_subscriber_is_told_when_the_journal_cannot_be_read(client: Client) -> None:
    reader = await connect(client)
    await add_notes(client, 1100)  # More than the room remembers.
    await (await room_of(client)).services.journal.close()
    await reader.send_json({"type": "subscribe", "after_seq": 0})
    assert (await answer(reader))["code"] == "journal_unavailable"
    assert (await reader.receive(timeout=5)).type is WSMsgType.CLOSE
    assert reader.close_code == 1011
