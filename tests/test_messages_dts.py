"""The types of the wire that pages are checked with are those of the server."""

from pathlib import Path

import msgspec
import pytest

from server.events import CATALOGUE
from server.messages import ANSWERS, COMMANDS, SIGNALS, Answer, Command, NoteSaved, Signal, type_of
from tools import messages_dts
from tools.messages_dts import is_stale


def declaration(name: str) -> list[str]:
    """The lines between the braces of one interface."""
    text = messages_dts.messages_dts()
    _, _, rest = text.partition(f"export interface {name} ")
    return [line.strip(" ;") for line in rest.partition("{\n")[2].partition("}")[0].splitlines()]


def test_the_file_is_what_the_server_declares() -> None:
    assert not is_stale(), "run `make types`"


def test_an_older_or_missing_file_is_stale(tmp_path: Path) -> None:
    file = tmp_path / "messages.d.ts"
    assert is_stale(file)
    file.write_text(messages_dts.messages_dts() + "\n")
    assert is_stale(file)


def test_every_message_is_declared_once() -> None:
    text = messages_dts.messages_dts()
    kinds: list[type[Command | Answer | Signal]] = [*COMMANDS, *ANSWERS, *SIGNALS]
    for tag in [*map(type_of, kinds), *CATALOGUE]:
        assert text.count(f'  type: "{tag}";') == 1, tag
    names = [line.split()[2] for line in text.splitlines() if line.startswith("export ")]
    assert len(names) == len(set(names))


def test_only_what_a_client_may_leave_out_is_optional_in_a_command() -> None:
    assert declaration("SpeakerNote")[:3] == [
        'type: "speaker_note"',
        "speaker: string",
        "note: string",
    ]
    assert "timestamp?: number | string | null" in declaration("SpeakerNote")


def test_an_answer_leaves_out_what_is_none_and_never_sends_null_for_it() -> None:
    assert "reply_to?: string" in declaration("NoteSaved")
    assert "timestamp: number | string | null" in declaration("NoteSaved")
    sent = msgspec.to_builtins(NoteSaved(speaker="지원자_1", note="침착", timestamp=None))
    assert sent == {"type": "note_saved", "speaker": "지원자_1", "note": "침착", "timestamp": None}


def test_an_event_always_has_all_its_fields_under_their_names_on_the_wire() -> None:
    assert "client_timestamp: number | string | null" in declaration("NoteAdded")
    assert declaration("Evidence") == ["segment: string", "from: number", "to: number"]
    assert "words: [number, number, string, number][]" in declaration("Segment")
    assert 'microphone: "none" | "own" | "room"' in declaration("SeatConfig")
    assert declaration("Envelope") == [
        "seq: number",
        "at: number",
        "wall: number",
        "by: string",
        "v: number",
        "cmd: string | null",
    ]


def test_two_messages_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = msgspec.defstruct("NoteAdded", [], tag="other")
    monkeypatch.setattr(messages_dts, "SIGNALS", (*SIGNALS, other))
    with pytest.raises(TypeError, match="NoteAdded"):
        messages_dts.messages_dts()
