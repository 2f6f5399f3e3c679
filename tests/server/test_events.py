"""Bodies of events: every one survives its JSON, old ones are lifted, strange ones are kept."""

import json
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server import entries, events
from server.entries import Entry, decode_body, encode_body
from server.events import CATALOGUE, Blank, Event, NoteAdded, Unknown, is_applicant
from tests.server.stories import ONE_OF_EACH, entry, note, read_line

ENVELOPE = ("type", "seq", "at", "wall", "by", "v", "cmd")


class Weather(Event, frozen=True):
    """An event whose shape has changed twice."""

    VERSION: ClassVar[int] = 3

    sky: str
    wind_ms: float


@pytest.fixture
def weather(monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 1 said ``clouds``; version 2 knew no wind."""
    monkeypatch.setattr(entries, "CATALOGUE", {**CATALOGUE, "weather": Weather})
    lifts = {
        ("weather", 1): lambda body: {"sky": body["clouds"]},
        ("weather", 2): lambda body: {**body, "wind_ms": 0.0},
    }
    monkeypatch.setattr(entries, "LIFTS", lifts)


NEVER_RELEASED = {("voices_merged", 1)}
"""Versions that other programs have written and no release of this one."""


def test_there_is_a_sample_of_every_type_in_the_catalogue() -> None:
    assert {type(event) for event in ONE_OF_EACH} == set(CATALOGUE.values())


def test_types_are_the_names_of_the_classes_in_snake_case() -> None:
    assert NoteAdded.type() == "note_added"
    assert events.UtteranceFinal.type() == "utterance_final"
    assert all(kind == event.type() for kind, event in CATALOGUE.items())


def test_every_version_before_todays_has_a_lift() -> None:
    for kind, event in CATALOGUE.items():
        for version in range(1, event.VERSION):
            assert (kind, version) in {*entries.LIFTS, *NEVER_RELEASED}


def test_a_version_that_was_never_released_is_kept_unread() -> None:
    for kind, version in NEVER_RELEASED:
        assert decode_body(kind, version, b'{"voices":["v1"]}') == Unknown(
            body=msgspec.Raw(b'{"voices":["v1"]}')
        )


def test_no_field_of_a_body_is_named_like_one_of_the_envelope() -> None:
    for event in CATALOGUE.values():
        assert not {field.encode_name for field in msgspec.structs.fields(event)} & set(ENVELOPE)


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: event.type())
def test_every_event_survives_its_body(event: Event) -> None:
    body = encode_body(event)
    assert decode_body(event.type(), event.VERSION, body) == event
    assert decode_body(event.type(), event.VERSION, body + b"  \n ") == event


@given(
    text=st.text(),
    at=st.floats(0, 1e6),
    timestamp=st.none() | st.text() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False),
)
@settings(deadline=None, max_examples=100, derandomize=True, database=None)
def test_a_note_of_any_text_survives_the_journal_and_the_wire(
    text: str, at: float, timestamp: int | float | str | None
) -> None:
    if isinstance(timestamp, float) and abs(timestamp) == float("inf"):
        timestamp = None
    event = NoteAdded(note=text, about="지원자_1", media_at=at, client_timestamp=timestamp)
    assert decode_body("note_added", 1, encode_body(event)) == event
    line = entry(1, event).to_wire()
    assert b"\n" not in line
    assert read_line(line).event == event


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: event.type())
def test_the_wire_form_is_one_flat_object_that_begins_with_the_envelope(event: Event) -> None:
    sent = entry(7, event, by="면접관_1", at=1.23456)
    line = json.loads(sent.to_wire())
    assert tuple(line)[: len(ENVELOPE)] == ENVELOPE
    head = (event.type(), 7, "면접관_1", event.VERSION)
    assert (line["type"], line["seq"], line["by"], line["v"]) == head
    assert line["at"] == 1.235
    assert {name: line[name] for name in line if name not in ENVELOPE} == json.loads(
        encode_body(event)
    )
    assert read_line(sent.to_wire()).event == event


def test_the_places_of_evidence_are_called_from_and_to() -> None:
    event = next(event for event in ONE_OF_EACH if isinstance(event, events.Evaluation))
    [evidence] = json.loads(encode_body(event))["levels"][0]["evidence"]
    assert evidence == {"segment": "u1.1", "from": 0, "to": 2}


@pytest.mark.parametrize("body", [b"", b" " * 300, b'{"erased":true}', b'{"erased":true}   '])
def test_a_body_of_spaces_was_erased(body: bytes) -> None:
    assert decode_body("note_added", 1, body) == Blank()
    assert decode_body("weather", 9, body) == Blank()


def test_an_erased_event_keeps_its_type_on_the_wire_and_says_so() -> None:
    erased = msgspec.structs.replace(entry(3, note("비밀")), event=Blank())
    line = json.loads(erased.to_wire())
    assert (line["type"], line["erased"]) == ("note_added", True)
    assert "note" not in line
    assert read_line(erased.to_wire()) == erased


@pytest.mark.parametrize(("kind", "version"), [("weather", 1), ("note_added", 2)])
def test_a_type_or_version_of_a_later_release_is_kept_as_it_is(kind: str, version: int) -> None:
    body = b'{"sky": [1,  2.50], "\\uae30": "a\\/b"}'
    event = decode_body(kind, version, body + b" ")
    assert isinstance(event, Unknown)
    assert encode_body(event) == body
    kept = msgspec.structs.replace(entry(1, event), type=kind, v=version)
    line = kept.to_wire()
    assert line.endswith(body[1:])
    assert (json.loads(line)["type"], json.loads(line)["v"]) == (kind, version)


@pytest.mark.usefixtures("weather")
@pytest.mark.parametrize(
    ("version", "body", "lifted"),
    [
        (1, b'{"clouds":"low"}', Weather(sky="low", wind_ms=0.0)),
        (2, b'{"sky":"blue"}', Weather(sky="blue", wind_ms=0.0)),
        (3, b'{"sky":"blue","wind_ms":2.5}', Weather(sky="blue", wind_ms=2.5)),
    ],
)
def test_an_old_version_is_lifted_step_by_step(version: int, body: bytes, lifted: Weather) -> None:
    assert decode_body("weather", version, body + b"   ") == lifted


@pytest.mark.usefixtures("weather")
def test_a_lifted_event_goes_out_as_todays_version_and_is_not_lifted_twice() -> None:
    event = decode_body("weather", 1, b'{"clouds":"low"}')
    stored = Entry(seq=1, at=0, wall=0, by="system", v=1, type="weather", cmd=None, event=event)
    assert json.loads(stored.to_wire())["v"] == 3
    assert read_line(stored.to_wire()).event == event


@pytest.mark.parametrize("body", [b"{}", b'{"note":5,"about":"a","media_at":0}', b"[]", b'{"no'])
def test_a_body_that_breaks_its_promise_is_an_error(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_body("note_added", 1, body)


def test_only_applicants_seats_are_applicants() -> None:
    assert is_applicant("지원자_2")
    assert not any(is_applicant(seat) for seat in ("면접관_1", "지원자_4", "operator", None))
