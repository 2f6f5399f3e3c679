"""The documents of the wire are served, and a whole interview keeps what they promise.

Every client of these tests checks whatever it is answered; see ``contracts``. Here it is seen that
the checks find what is wrong, and that nothing a document lists goes unchecked.
"""

import json
import secrets
from typing import Any

import pytest

from server.api.contracts import asyncapi_document, openapi_document
from server.api.description.asyncapi import REPLIES
from server.api.records import FILES
from server.events import CATALOGUE, Unknown
from server.messages import (
    ANSWERS,
    SIGNALS,
    Missed,
    Presence,
    ProvisionalSpeaker,
    Speakers,
    type_of,
)
from server.paths import SESSION
from tests.server.browsers import INTERVIEWER, Browsers, asked, spoken, told
from tests.server.conftest import Client, Start, ask, until
from tests.server.contracts import BrokenPromise, HttpContract, live_contract
from tests.server.stories import read_line
from tests.server.talk import APPLICANT, connect, create, note, said
from tests.server.test_golden import JOURNALS

SECRET = "s" * 40


@pytest.mark.parametrize(
    ("path", "media", "document"),
    [
        ("/openapi.json", "application/vnd.oai.openapi+json", openapi_document()),
        ("/asyncapi.json", "application/vnd.aai.asyncapi+json", asyncapi_document()),
    ],
)
async def test_a_document_is_served_to_everybody(
    start: Start, path: str, media: str, document: dict[str, Any]
) -> None:
    client = await start(secret=SECRET)
    response = await client.get(path)
    assert (response.status, response.content_type) == (200, media)
    assert await response.json() == document
    assert SECRET not in await response.text()


async def test_every_resource_answers_what_its_document_says(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: set[tuple[str, int]] = set()
    check = HttpContract.check

    def checked(self: HttpContract, method: str, path: str, *rest: Any) -> None:
        check(self, method, path, *rest)
        operation = self._operation(method, path)
        assert operation is not None, path
        used.add((operation["operationId"], rest[1].status))

    monkeypatch.setattr(HttpContract, "check", checked)
    await hold_an_interview(client)
    listed = {
        (operation["operationId"], int(status))
        for methods in openapi_document()["paths"].values()
        for operation in methods.values()
        for status in operation["responses"]
        if int(status) < 300
    }
    # Peer connections need browsers and encoders; those of other tests check them.
    assert {name for name, _ in listed - used} == {
        "offer",
        "backfill",
        "enrol",
        "whip",
        "whip_options",
        "whip_resource",
        "whip_trickle",
    }


async def hold_an_interview(client: Client) -> None:
    for path in ("/", "/room/s1", "/review/s1", "/healthz", "/readyz", "/metrics"):
        assert (await client.get(path)).status == 200, path
    for path in ("/openapi.json", "/asyncapi.json"):
        assert (await client.get(path)).status == 200
    seats = [{"seat": INTERVIEWER, "name": "김민수"}, {"seat": APPLICANT, "microphone": "room"}]
    await create(client, "s1", title="면접", job="개발자", seats=seats, consent="external")
    socket = await connect(client)
    for command in (note("침착", timestamp="방금"), note("밝음"), said()):
        assert (await ask(socket, command))["type"] != "error"
    assert (await ask(socket, {"type": "evaluation_request"}))["type"] == "evaluation_summary"
    invited = await client.post(f"{SESSION}/s1/invite", json={"seat": INTERVIEWER})
    headers = {"Authorization": f"Bearer {(await invited.json())['token']}"}
    assert (await client.get(f"{SESSION}/s1/join", headers=headers)).status == 200
    assert (await client.get(f"{SESSION}/s1/status")).status == 200
    assert (await client.get(f"{SESSION}/s1/voice")).status == 200
    assert (await client.delete(f"{SESSION}/s1/voice", headers=headers)).status == 200
    assert (await client.post(f"{SESSION}/s1/end")).status == 200
    for what in ("result", "journal", *(f"export?format={kind}" for kind in FILES)):
        assert (await client.get(f"{SESSION}/s1/{what}")).status == 200, what
    for query in ("", "?state=past&search=면접&limit=1&before=9999999999.5"):
        assert len(await (await client.get(SESSION + query)).json()) == 1
    assert (await client.delete(f"{SESSION}/s1", params={"seat": APPLICANT})).status == 200
    assert (await client.delete(f"{SESSION}/s1")).status == 200
    assert (await client.get(f"{SESSION}/s1/result")).status == 200


async def test_every_command_and_its_answer_are_what_their_document_says(
    client: Client, browse: Browsers
) -> None:
    operator = await connect(client)
    person = await browse(INTERVIEWER)
    done: set[object] = set()
    assert (await ask(operator, {"type": "confirm_room"}))["type"] == "done"
    commands: tuple[dict[str, object], ...] = (
        note("침착", timestamp=5, media_at=0.0),
        note("누구", about="아무도"),
        said(speaker=INTERVIEWER),
        {"type": "evaluation_request"},
        {"type": "consent"},
        {"type": "withdraw_consent"},
        {"type": "confirm_room"},
        {"type": "mute", "is_muted": True},
        {"type": "name_voice", "voice": "v1", "seat": APPLICANT},
        {"type": "swap_voices", "voice": "v1", "other": "v2"},
        {"type": "merge_voices", "voice": "v2", "into": "v1"},
        {"type": "move_segment", "segment": "u1.1", "seat": None},
        {"type": "split_segment", "segment": "u1.1", "word": 1},
        {"type": "edit_segment", "segment": "u1.1", "text": "네"},
        {"type": "edit_note", "of": 1, "note": "차분"},
        {"type": "retract", "of": [1]},
        {"type": "subscribe", "after_seq": 0},
        {"type": "session_end"},
    )
    for command in commands:
        live_contract().check({**command, "id": secrets.token_hex(16)}, "interview")
        answer = await asked(person, command)
        done |= {command["type"], answer["type"]}
    assert done == {*REPLIES, *map(type_of, ANSWERS)} - {"ping"}
    later = await connect(client)
    assert "final_result" in await ask(later, {"type": "session_end"})


async def test_the_signals_of_a_live_microphone_are_what_their_document_says(
    client: Client, browse: Browsers
) -> None:
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    listener = await browse(INTERVIEWER)
    await listener.say("interview", json.dumps({"type": "subscribe"}))
    await told(listener, "caught_up")
    await browse(APPLICANT, speaks=spoken())
    # That somebody has come is said once, everybody is not asked for what got lost, and of an own
    # microphone nobody has to be told who speaks.
    rare = {type_of(one) for one in (Presence, Missed, ProvisionalSpeaker, Speakers)}
    often = {type_of(signal) for signal in SIGNALS} - rare
    for signal in (type_of(Presence), *often):
        await told(listener, signal)
        await until(reader, signal)


def test_every_event_ever_kept_is_what_its_document_says() -> None:
    seen = set()
    for path in JOURNALS:
        for line in path.read_bytes().splitlines():
            entry = read_line(line)
            if not isinstance(entry.event, Unknown):
                live_contract().check(json.loads(entry.to_wire()))
                seen.add(entry.type)
    assert seen == set(CATALOGUE)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "ping"},
        {"type": "ping", "timestamp": "now"},
        {"type": "ping", "timestamp": 5.5, "seq": None},
        {"type": "ping", "timestamp": 5.5, "more": 1},
        {"type": "pong", "timestamp": 5.5},
    ],
)
def test_a_message_that_was_not_promised_is_found(message: dict[str, Any]) -> None:
    live_contract().check({"type": "ping", "timestamp": 5.5})
    with pytest.raises(BrokenPromise):
        live_contract().check(message)


def test_a_message_on_a_channel_it_does_not_travel_on_is_found() -> None:
    with pytest.raises(BrokenPromise):
        live_contract().check({"type": "ping", "timestamp": 5.5}, "interview")
