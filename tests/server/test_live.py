"""The WebRTC door in use: both channels, live words, and what is left when somebody goes."""

import asyncio
import json
from typing import Any

from pipeline.jobs import EngineError
from server.errors import ErrorCode
from tests.server.browsers import INTERVIEWER, Browsers, bearer, spoken, told
from tests.server.conftest import Client, Start, ask, until
from tests.server.fakes import ScriptedExecutor
from tests.server.media.clients import eventually
from tests.server.talk import APPLICANT, connect, record, room_of
from tests.speech.clips import load


async def test_live_words_reach_both_doors_and_the_journal(
    client: Client, browse: Browsers, executor: ScriptedExecutor
) -> None:
    executor.lines = ["감사합니다."]
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    listener = await browse(INTERVIEWER)
    await listener.say("interview", json.dumps({"type": "subscribe"}))
    await told(listener, "caught_up")
    await browse(APPLICANT, speaks=spoken())
    interim = (await until(reader, "interim"))[-1]
    assert interim["speaker"] == APPLICANT
    assert "seq" not in interim
    final = (await until(reader, "utterance_final"))[-1]
    heard = await told(listener, "utterance_final")
    assert heard["seq"] == final["seq"]
    assert final["track"] == APPLICANT
    assert 0 <= final["start"] < final["end"]
    found = await record(client)
    assert found["transcripts"][0]["speaker"] == APPLICANT
    assert found["transcripts"][0]["text"] == "감사합니다."


async def test_a_note_travels_over_one_data_channel_to_another(
    client: Client, browse: Browsers
) -> None:
    await connect(client)
    first, second = await browse(INTERVIEWER), await browse("면접관_2")
    await second.say("interview", json.dumps({"type": "subscribe"}))
    await told(second, "caught_up")
    note = {"type": "speaker_note", "speaker": APPLICANT, "note": "차분함"}
    await first.say("interview", json.dumps(note))
    assert (await told(first, "note_saved"))["note"] == "차분함"
    assert (await told(second, "note_added"))["note"] == "차분함"


async def test_an_applicant_hears_no_notes_over_the_data_channel(
    client: Client, browse: Browsers
) -> None:
    operator = await connect(client)
    applicant = await browse(APPLICANT)
    await applicant.say("interview", json.dumps({"type": "subscribe"}))
    await told(applicant, "caught_up")
    await ask(operator, {"type": "speaker_note", "speaker": APPLICANT, "note": "비밀"})
    await applicant.say("interview", json.dumps({"type": "session_end"}))
    assert (await told(applicant, "error"))["code"] == "forbidden"
    await ask(operator, {"type": "session_end"})
    seen: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not seen or seen[-1]["type"] != "session_closed":
            seen.append(json.loads((await applicant.received.get())[1]))
    assert "note_added" not in {message["type"] for message in seen}


async def test_the_end_over_a_data_channel_names_where_the_record_is(
    client: Client, browse: Browsers
) -> None:
    await connect(client)
    browser = await browse(INTERVIEWER)
    await browser.say("interview", json.dumps({"type": "session_end"}))
    ended = await told(browser, "session_ended")
    assert "final_result" not in ended
    response = await client.get(ended["result_url"], headers=bearer(client, INTERVIEWER))
    assert (await response.json())["life"] == "review"
    await eventually(lambda: browser.connection.connectionState == "closed")


async def test_a_peer_that_goes_leaves_the_room_and_its_last_words(
    client: Client, browse: Browsers, executor: ScriptedExecutor
) -> None:
    executor.lines = ["끝까지 들립니다."]
    await connect(client)
    browser = await browse(APPLICANT, speaks=load("applicant1_skills.flac").samples)
    room = await room_of(client)
    await asyncio.sleep(2.5)  # In the middle of a sentence.
    await browser.close()
    await eventually(lambda: len(room.session.spoken) == 1)
    assert [c.principal.seat for c in room.connections.values()] == [None]


async def test_a_broken_engine_marks_the_place_and_the_room_goes_on(
    client: Client, browse: Browsers, executor: ScriptedExecutor
) -> None:
    executor.error = EngineError("no model")
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    await browse(APPLICANT, speaks=spoken())
    dropped = (await until(reader, "utterance_dropped"))[-1]
    assert dropped["reason"] == "engine_failed"


async def test_the_end_of_a_session_keeps_the_sentence_being_spoken(
    client: Client, browse: Browsers, executor: ScriptedExecutor
) -> None:
    executor.lines = ["끝나도 남습니다."]
    operator = await connect(client)
    await browse(APPLICANT, speaks=load("applicant1_skills.flac").samples)
    await asyncio.sleep(2.5)  # In the middle of a sentence.
    ended = await ask(operator, {"type": "session_end"})
    texts = [line["text"] for line in ended["final_result"]["transcripts"]]
    assert texts == ["끝나도 남습니다."]


async def test_words_that_come_after_the_end_are_a_new_revision(
    start: Start, browse: Browsers, executor: ScriptedExecutor
) -> None:
    client = await start(end_patience_s=0.1)
    executor.lines = ["개발 경험이 늦게 들립니다."]
    operator = await connect(client)
    room = await room_of(client)
    await browse(APPLICANT, speaks=load("applicant1_skills.flac").samples, to=client)
    await asyncio.sleep(1.5)
    executor.gate.clear()
    await asyncio.sleep(1.0)  # In the middle of a sentence.
    ended = await ask(operator, {"type": "session_end"})
    assert ended["final_result"]["transcripts"] == []
    executor.gate.set()
    await eventually(lambda: bool(room.session.newest))
    found = await record(client)
    assert [line["text"] for line in found["transcripts"]] == ["개발 경험이 늦게 들립니다."]
    assert found["revision"] > ended["final_result"]["revision"]


async def test_a_microphone_nobody_sits_at_stays_unknown(
    client: Client, browse: Browsers, executor: ScriptedExecutor
) -> None:
    executor.lines = ["여럿이 말합니다."]
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    await browse(headers=bearer(client, role="microphone"), speaks=spoken())
    final = (await until(reader, "utterance_final"))[-1]
    assert final["segments"][0]["voice"] is None
    assert (await record(client))["transcripts"][0]["speaker"] == "unknown"


async def test_the_server_says_goodbye_to_peers_when_it_stops(
    start: Start, browse: Browsers, client: Client
) -> None:
    await connect(client)
    browser = await browse(INTERVIEWER)
    await browser.say("interview", json.dumps({"type": "subscribe"}))
    await told(browser, "caught_up")
    await client.close()
    assert (await told(browser, "error"))["code"] == ErrorCode.SHUTTING_DOWN


async def test_a_microphone_is_told_to_come_back_when_the_session_could_not_be_ended(
    client: Client, browse: Browsers
) -> None:
    operator = await connect(client)
    browser = await browse(APPLICANT, speaks=spoken())
    await browser.say("interview", json.dumps({"type": "subscribe"}))
    await told(browser, "caught_up")
    await (await room_of(client)).services.journal.close()
    assert (await ask(operator, {"type": "session_end"}))["code"] == "journal_unavailable"
    assert (await told(browser, "error"))["code"] == "journal_unavailable"
    await eventually(lambda: browser.connection.connectionState == "closed")
    assert not operator.closed
