"""One session through two processes: who reads, writes, speaks and ends it at either of them."""

import asyncio
import secrets

import aiohttp
import pytest
from aiohttp import WSMsgType

from pipeline.audio import RATE_HZ
from server.api import context
from server.paths import SESSION, session_path
from tests.containers import encode
from tests.server.browsers import Browsers, asked, bearer, post_offer, spoken, told
from tests.server.conftest import Client, answer, ask, until
from tests.server.scale.conftest import Pair
from tests.server.talk import (
    APPLICANT,
    INTERVIEWER,
    SPOKEN,
    chunk,
    connect,
    create,
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
    status,
    transcribed,
)

pytestmark = pytest.mark.redis


async def is_held_at(client: Client) -> bool:
    return (await room_of(client)).holding is not None


async def opened(pair: Pair, **config: str) -> None:
    """Open a session that the first process holds."""
    await create(pair.first, **config)
    assert await (await room_of(pair.first)).hold() is None


async def closed(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Read to the end and return the code that the server has closed with."""
    async with asyncio.timeout(10):
        while (message := await socket.receive()).type is WSMsgType.TEXT:
            pass
    return message.data if message.type is WSMsgType.CLOSE else None


# --- readers and notes --------------------------------------------------------------------------


async def test_a_note_at_one_process_is_read_at_the_other_at_once(pair: Pair) -> None:
    writer, reader = await connect(pair.first), await connect(pair.second)
    await reader.send_json({"type": "subscribe"})
    await until(reader, "caught_up")
    for number in range(20):
        await ask(writer, note(f"메모 {number}"))
    found = [(await until(reader, "note_added"))[-1] for _ in range(20)]
    assert [event["note"] for event in found] == [f"메모 {number}" for number in range(20)]
    assert await is_held_at(pair.first)
    assert not await is_held_at(pair.second)


async def test_writers_at_both_leave_one_order_that_everybody_sees(pair: Pair) -> None:
    sockets = [await connect(client) for client in (pair.first, pair.second) for _ in range(2)]
    readers = [await connect(client) for client in (pair.first, pair.second)]
    for reader in readers:
        await reader.send_json({"type": "subscribe"})

    async def write(writer: int, socket: aiohttp.ClientWebSocketResponse) -> None:
        for number in range(25):
            saved = await ask(socket, note(f"{writer} {number}"))
            assert saved["type"] == "note_saved"

    await asyncio.gather(*(write(number, socket) for number, socket in enumerate(sockets)))
    seen = []
    for reader in readers:
        notes: list[tuple[int, str]] = []
        while len(notes) < 100:
            event = await answer(reader)
            if event["type"] == "note_added":
                notes.append((event["seq"], event["note"]))
        seen.append(notes)
    assert seen[0] == seen[1]
    assert [seq for seq, _ in seen[0]] == sorted({seq for seq, _ in seen[0]})
    for writer in range(4):
        own = [text for _, text in seen[0] if text.startswith(f"{writer} ")]
        assert own == [f"{writer} {number}" for number in range(25)]


async def test_what_was_done_at_one_is_there_for_the_next_request_at_the_other(pair: Pair) -> None:
    await create(pair.first)
    for number in range(10):
        clients = (pair.first, pair.second) if number % 2 else (pair.second, pair.first)
        socket = await connect(clients[0])
        await ask(socket, note(str(number)))
        found = (await record(clients[1]))["speaker_notes"][APPLICANT]
        assert [item["note"] for item in found] == [str(n) for n in range(number + 1)]
        await socket.close()


async def test_the_status_knows_who_is_connected_elsewhere(pair: Pair) -> None:
    socket = await connect(pair.first)
    # The socket is open a moment before the journal knows it.
    await eventually(lambda: _is_active(pair.second))
    assert (await status(pair.second))["pipeline"] is None
    assert (await status(pair.first))["pipeline"] is not None
    await socket.close()
    await eventually(lambda: _is_quiet(pair.second))


async def _is_active(client: Client) -> bool:
    return bool((await status(client))["is_active"])


async def _is_quiet(client: Client) -> bool:
    return not (await status(client))["is_active"]


async def test_a_session_is_opened_once_however_many_try_everywhere(pair: Pair) -> None:
    wanted = {"session_id": "s1"}
    answers = await asyncio.gather(
        *(client.post(SESSION, json=wanted) for client in (pair.first, pair.second) * 5)
    )
    assert sorted(response.status for response in answers) == [201] + [409] * 9
    assert [event["type"] for event in await events(pair.first)] == ["session_created"]


# --- seats --------------------------------------------------------------------------------------


async def test_a_seat_is_one_persons_in_all_processes(pair: Pair) -> None:
    await create(pair.first)
    await sit(pair.first, INTERVIEWER)
    other = await sit(pair.second, INTERVIEWER)
    assert (await answer(other))["code"] == "seat_taken"
    await closed(other)


async def test_a_person_who_comes_in_elsewhere_replaces_their_older_connection(pair: Pair) -> None:
    await create(pair.first)
    token = link(pair.first, "s1", seat=INTERVIEWER)
    older = await connect(pair.first, "s1", token)
    newer = await connect(pair.second, "s1", token)
    assert (await answer(older))["code"] == "replaced"
    assert await closed(older) == 4001
    assert (await ask(newer, note()))["type"] == "note_saved"


# --- sound and the end --------------------------------------------------------------------------


async def test_a_recording_sent_to_a_reader_is_understood_by_the_holder(pair: Pair) -> None:
    await connect(pair.first)
    legacy = await connect(pair.second)
    answered = await ask(legacy, said(speaker=APPLICANT))
    assert set(answered) == {"type", "result"}, "as if it had been asked here"
    assert answered["result"]["transcription"]["text"] == "저는 개발 경험이 있습니다."
    assert (await record(pair.second))["total_transcripts"] == 1
    assert (await ask(legacy, {"type": "evaluation_request"}))["summary"]["total_evaluations"] == 1


async def test_a_command_with_an_id_keeps_it_on_the_way(pair: Pair) -> None:
    await connect(pair.first)
    socket = await connect(pair.second)
    command = said(speaker=APPLICANT, id=new_id())
    first, again = await ask(socket, command), await ask(socket, command)
    assert first["reply_to"] == again["reply_to"] == command["id"]
    assert first["seq"] == again["seq"]
    assert (await record(pair.first))["total_transcripts"] == 1


async def test_the_pieces_of_a_recording_reach_the_holder_in_their_order(pair: Pair) -> None:
    await connect(pair.first)
    socket = await connect(pair.second)
    # The small one would overtake the large one on the way.
    recording = encode(paused(SPOKEN, pause_s=100.0), "wav")
    large = len(recording) - 2 * RATE_HZ
    for piece in (recording[:large], recording[large:]):
        await socket.send_json(chunk(piece, speaker=APPLICANT, id=new_id()))
    for _ in range(2):
        found = await answer(socket)
        assert found["result"]["success"], found["result"]["error"]


async def test_what_the_holder_refuses_is_refused_in_its_words(pair: Pair) -> None:
    await connect(pair.first)
    socket = await connect(pair.second)
    answered = await ask(socket, {"type": "audio_chunk", "audio_data": "eHh4", "speaker": "아무개"})
    assert answered["code"] == "unknown_seat"
    answered = await ask(socket, {"type": "audio_chunk", "audio_data": "eHh4"})
    assert not answered["result"]["success"]


async def test_an_open_recording_ends_when_its_connection_elsewhere_does(pair: Pair) -> None:
    await connect(pair.first)
    socket = await connect(pair.second)
    recording = encode(SPOKEN, "webm")
    head = len(recording) // 10
    for piece in (recording[:head], recording[head:]):
        answered = await ask(socket, chunk(piece, speaker=APPLICANT))
        assert answered["result"]["transcription"]["text"] == "", "the utterance may go on"
    await socket.close()
    await eventually(lambda: transcribed(pair.first))


async def test_the_end_asked_for_at_a_reader_closes_everybody_everywhere(pair: Pair) -> None:
    holding, reading = await connect(pair.first), await connect(pair.second)
    ended = await ask(reading, {"type": "session_end"})
    assert ended["final_result"]["session_id"] == "s1"
    assert await closed(reading) == 1000
    assert await closed(holding) == 1000
    assert (await status(pair.first))["status"] == (await status(pair.second))["status"] == 404


async def test_the_end_over_http_at_a_reader_is_the_holders(pair: Pair) -> None:
    socket = await connect(pair.first)
    response = await pair.second.post(session_path("s1", "end"))
    assert (response.status, (await response.json())["life"]) == (200, "review")
    assert await closed(socket) == 1000


async def test_how_people_are_connected_is_told_at_every_process(
    pair: Pair, browse: Browsers
) -> None:
    await opened(pair, consent="external")
    reader = await connect(pair.second)
    await reader.send_json({"type": "subscribe"})
    over_a_peer = await browse(APPLICANT, to=pair.second)
    assert (await until(reader, "presence"))[-1]["state"] == "here"
    await over_a_peer.close()
    assert (await until(reader, "presence"))[-1]["state"] == "held"
    over_a_socket = await connect(pair.second, token=link(pair.first, "s1", seat=INTERVIEWER))
    async with asyncio.timeout(10):
        while (seen := (await until(reader, "presence"))[-1])["track"] != INTERVIEWER:
            pass
    assert seen["state"] == "here"
    await over_a_socket.close()
    async with asyncio.timeout(10):
        while (seen := (await until(reader, "presence"))[-1])["track"] != INTERVIEWER:
            pass
    assert seen["state"] == "held"


async def test_an_offer_to_a_reader_reaches_the_holder_and_captions_reach_both(
    pair: Pair, browse: Browsers
) -> None:
    await opened(pair, consent="external")
    reader = await connect(pair.second)
    await reader.send_json({"type": "subscribe"})
    speaking = await browse(speaks=spoken(), to=pair.second)
    await asked(speaking, {"type": "subscribe"})
    assert (await told(speaking, "utterance_final"))["track"] == APPLICANT
    seen = await until(reader, "utterance_final")
    assert {"interim", "microphone"} & {message["type"] for message in seen}, "signals pass too"
    assert [track.name for track in (await room_of(pair.first)).held().tracks] == [APPLICANT]


async def test_consent_withdrawn_at_a_reader_stops_the_microphone_at_the_holder(
    pair: Pair, browse: Browsers
) -> None:
    await opened(pair)
    headers = bearer(pair.first, APPLICANT)
    token = headers["Authorization"].removeprefix("Bearer ")
    socket = await connect(pair.second, "s1", token)
    assert (await post_offer(pair.second, headers, await _an_offer()))[1]["code"] == (
        "consent_required"
    )
    await ask(socket, {"type": "consent"})
    await browse(speaks=spoken(), headers=headers, to=pair.second)
    room = await room_of(pair.first)
    assert list(room.held().tracks)
    await ask(socket, {"type": "withdraw_consent"})

    async def is_deaf() -> bool:
        return not list(room.held().tracks)

    await eventually(is_deaf)


async def _an_offer() -> str:
    from tests.server.media.clients import Client as Browser

    browser = Browser(speaks=spoken())
    try:
        return await browser.offer()
    finally:
        await browser.close()


# --- between processes --------------------------------------------------------------------------


async def test_nobody_but_a_process_may_pass_commands_on(pair: Pair) -> None:
    await create(pair.first)
    body = {"connection": "x", "command": {"type": "session_end"}}
    path = session_path("s1", "command")
    operator = {"Authorization": f"Bearer {link(pair.first, role='operator')}"}
    forged = {"Authorization": f"Relay {link(pair.first, role='operator')}"}
    assert (await pair.first.post(path, json=body, headers=operator)).status == 403
    assert (await pair.first.post(path, json=body, headers=forged)).status == 401
    assert (await status(pair.first))["life"] == "live"


async def test_a_word_of_another_process_is_no_link(pair: Pair) -> None:
    await create(pair.first)
    assert pair.first.app is not None
    links = pair.first.app[context.LINKS]
    word = links.vouch(links.read(link(pair.first, role="operator")))
    refused = await pair.first.post(
        session_path("s1", "end"), headers={"Authorization": f"Bearer {word}"}
    )
    assert (refused.status, (await refused.json())["code"]) == (401, "link_invalid")


async def test_a_command_that_meets_no_holder_is_sent_back_and_not_passed_on(pair: Pair) -> None:
    await opened(pair)
    await room_of(pair.second)
    assert pair.second.app is not None
    links = pair.second.app[context.LINKS]
    word = links.vouch(links.read(link(pair.second, role="operator")))
    headers = {"Authorization": f"Relay {word}"}
    command, end = (pair.second.make_url(session_path("s1", what)) for what in ("command", "end"))
    body = {"connection": "x", "command": {"type": "session_end"}}
    wrong = {"connection": "x", "command": {"type": "speaker_note", "speaker": "지원자_1"}}
    # Past the client that checks what the public contract promises.
    async with aiohttp.ClientSession(headers=headers) as other:
        assert (await other.post(command, json=body)).status == 421
        assert (await other.post(end)).status == 421
        assert (await other.post(command, json=wrong)).status == 400


async def test_a_process_knows_whether_it_is_where_the_others_are_told(pair: Pair) -> None:
    assert pair.first.app is not None
    assert pair.second.app is not None
    relay, exchange = pair.first.app[context.RELAY], pair.first.app[context.EXCHANGE]
    assert await relay.reaches_itself()
    await exchange.announce(str(pair.second.make_url("")).rstrip("/"))
    assert not await relay.reaches_itself(), "that is another one"
    await exchange.announce("http://127.0.0.1:9")
    assert not await relay.reaches_itself()


# --- erasure ------------------------------------------------------------------------------------


async def test_words_erased_at_one_process_are_gone_from_the_others_memory(pair: Pair) -> None:
    socket = await connect(pair.first)
    secret = f"비밀 {secrets.token_hex(4)}"
    await ask(socket, note(secret))
    await ask(socket, {"type": "session_end"})
    for client in (pair.first, pair.second):
        assert secret in str(await record(client))
    # The holder's lease outlives the end by seconds, in which it may still write last words.
    await eventually(lambda: _is_erased(pair.second))
    for client in (pair.first, pair.second):
        assert secret not in str(await record(client))
        assert secret not in str(await events(client))


async def _is_erased(client: Client) -> bool:
    return (await client.delete(session_path("s1"))).status == 200
