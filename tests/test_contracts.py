"""The documents of the wire are valid, up to date and complete."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # It ships no types.
from openapi_spec_validator import OpenAPIV31SpecValidator

from server.access import HTTP
from server.api.contracts import asyncapi_document, openapi_document
from server.api.description.asyncapi import REPLIES
from server.api.description.payloads import ENVELOPE
from server.api.description.resources import LEFT_OUT, RESOURCES, STATUS
from server.api.description.schemas import schemas
from server.api.sessions import NewSession
from server.app import make_app
from server.events import CATALOGUE, SeatConfig
from server.messages import ANSWERS, COMMANDS, SIGNALS, type_of
from server.settings import Settings
from tools.contracts import DOCUMENTS, stale, text_of

ASYNCAPI_SCHEMA: Final = (
    Path(__file__).parent.parent / "node_modules/@asyncapi/specs/schemas/3.0.0.json"
)


def asyncapi_errors(document: dict[str, Any]) -> list[str]:
    assert ASYNCAPI_SCHEMA.exists(), "run tools/node-environment"
    schema = json.loads(ASYNCAPI_SCHEMA.read_text())
    return [error.json_path for error in Draft7Validator(schema).iter_errors(document)]


def references(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        if isinstance(document.get("$ref"), str):
            yield document["$ref"]
        for part in document.values():
            yield from references(part)
    elif isinstance(document, list):
        for part in document:
            yield from references(part)


def operations() -> dict[str, dict[str, Any]]:
    """Return what can be done over HTTP, by the names of the access table."""
    return {
        operation["operationId"]: operation
        for methods in openapi_document()["paths"].values()
        for operation in methods.values()
    }


def test_the_files_are_what_the_code_declares() -> None:
    assert not stale(), "run `make types`"


def test_an_older_or_missing_file_is_stale(tmp_path: Path) -> None:
    assert stale(tmp_path) == list(DOCUMENTS)
    for name in DOCUMENTS:
        (tmp_path / name).write_text(text_of(name))
    assert stale(tmp_path) == []
    (tmp_path / "asyncapi.json").write_text(text_of("asyncapi.json") + "\n")
    assert stale(tmp_path) == ["asyncapi.json"]


def test_the_http_document_is_valid_openapi() -> None:
    assert not list(OpenAPIV31SpecValidator(openapi_document()).iter_errors())
    broken = openapi_document()
    broken["paths"]["/healthz"]["get"]["responses"]["200"].pop("description")
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_the_document_of_the_live_doors_is_valid_asyncapi() -> None:
    assert asyncapi_errors(asyncapi_document()) == []
    broken = asyncapi_document()
    broken["operations"]["websocket.speaker_note"]["action"] = "shout"
    assert asyncapi_errors(broken) != []


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_every_reference_leads_somewhere(name: str) -> None:
    document = DOCUMENTS[name]()
    for reference in references(document):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place, reference


def test_every_route_is_described_or_left_out_with_a_reason() -> None:
    described = set(operations())
    names = {route.name for route in make_app(Settings()).router.routes()}
    assert described | set(LEFT_OUT) == names
    assert not described & set(LEFT_OUT)
    assert described == set(RESOURCES)
    assert all(LEFT_OUT.values())
    assert all(operation["summary"] for operation in operations().values())


def test_what_needs_a_link_says_so_and_whose() -> None:
    for name, operation in operations().items():
        is_open = HTTP[name].right is None
        assert (operation["security"] == [{"link": []}]) != is_open, name
    assert operations()["create"]["x-roles"] == ["operator"]
    assert operations()["end"]["x-roles"] == ["operator", "interviewer"]
    assert "x-roles" not in operations()["health"]


def test_a_refusal_has_a_code_of_the_closed_set_and_busy_says_when_to_come_back() -> None:
    refused = operations()["offer"]["responses"]
    assert refused["409"]["x-codes"] == ["session_over", "seat_taken"]
    assert "Retry-After" in refused["503"]["headers"]
    known = set(openapi_document()["components"]["schemas"]["ErrorCode"]["enum"])
    for operation in operations().values():
        for answer in operation["responses"].values():
            assert set(answer.get("x-codes", ())) <= known
    assert {str(code) for code in STATUS} <= known


def test_every_message_is_described_once_and_on_the_channels_it_travels_on() -> None:
    document = asyncapi_document()
    spoken = {*map(type_of, COMMANDS), *map(type_of, ANSWERS), *CATALOGUE, "blanked"}
    signals = {type_of(kind) for kind in SIGNALS}
    on = {name: set(channel["messages"]) for name, channel in document["channels"].items()}
    assert on == {
        "websocket": spoken | signals - {"missed"},
        "interview": spoken - {"ping"} | {"missed"},
        "captions": signals - {"missed"},
    }
    assert set(document["components"]["messages"]) == spoken | signals


def test_a_client_sends_every_command_over_both_doors_and_is_replied_to() -> None:
    assert set(REPLIES) == {type_of(command) for command in COMMANDS}
    found = asyncapi_document()["operations"]
    for door in ("websocket", "interview"):
        sent = {name for name in found if name.startswith(door) and found[name]["action"] == "send"}
        assert sent == {f"{door}.{command}" for command in REPLIES}
    note = found["interview.speaker_note"]
    assert note["reply"]["messages"] == [
        {"$ref": "#/channels/interview/messages/note_saved"},
        {"$ref": "#/channels/interview/messages/error"},
    ]


def test_messages_say_who_may_send_or_see_them() -> None:
    messages = asyncapi_document()["components"]["messages"]
    assert messages["speaker_note"]["x-roles"] == ["operator", "interviewer"]
    assert messages["note_added"]["x-roles"] == ["operator", "interviewer"]
    assert messages["confirm_room"]["x-roles"] == ["operator"]
    assert "microphone" not in messages["utterance_final"]["x-roles"]


def test_an_event_is_its_envelope_and_its_body_all_of_it() -> None:
    note = asyncapi_document()["components"]["schemas"]["NoteAdded"]
    assert note["required"] == [*ENVELOPE, "note", "about", "media_at", "client_timestamp"]
    assert note["properties"]["type"] == {"const": "note_added"}
    words = asyncapi_document()["components"]["schemas"]["Segment"]["properties"]["words"]
    assert words["items"]["items"] == [{"type": kind} for kind in _WORD]
    assert words["items"]["additionalItems"] is False


_WORD: Final = ("number", "number", "string", "number")


def test_only_what_a_client_may_leave_out_is_optional_and_an_answer_never_says_null() -> None:
    found = asyncapi_document()["components"]["schemas"]
    assert found["SpeakerNote"]["required"] == ["type", "speaker", "note"]
    assert found["NoteSaved"]["required"] == ["type", "speaker", "note", "timestamp"]
    assert found["NoteSaved"]["properties"]["seq"] == {"type": "integer"}


def test_a_class_cannot_be_both_sent_and_taken() -> None:
    with pytest.raises(TypeError, match="SeatConfig"):
        schemas([SeatConfig], [NewSession])
