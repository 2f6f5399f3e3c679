"""Reading a record back from the lines of an export."""

import json
from pathlib import Path

import msgspec
import pytest

from server import intake
from server.entries import Entry, encode_body
from server.errors import ClientError
from server.events import Blank, NoteAdded, Unknown
from server.export import Format, render
from server.session import fold
from tests.server.stories import CREATED, ONE_OF_EACH, entry, note, read_line
from tests.server.test_golden import JOURNALS

LINES = [entry(seq, event).to_wire() for seq, event in enumerate(ONE_OF_EACH, 1)]
WEATHER = (
    b'{"type":"weather_noticed","seq":2,"at":1.5,"wall":1753000001.5,"by":"\xeb\xa9\xb4_1","v":7,'
    b'"cmd":"c","sky": {"clouds": [1,  2.50], "\\uae30": null} ,"sun":1e3}'
)


def refusal(lines: list[bytes]) -> str:
    with pytest.raises(ClientError) as refused:
        intake.read_lines(lines)
    sentence = str(refused.value)
    assert sentence.endswith("Nothing was written.")
    return sentence


def test_what_is_exported_is_read_back_and_exported_the_same() -> None:
    entries = intake.read_lines(LINES)
    assert [item.event for item in entries] == list(ONE_OF_EACH)
    state = intake.session_of("s", entries)
    assert state == fold("s", entries)
    exported = render(state, entries, Format.JOURNAL)
    assert exported.encode().splitlines() == LINES


def test_types_of_a_release_to_come_keep_every_byte() -> None:
    [_, kept] = intake.read_lines([LINES[0], WEATHER + b"\r\n"])
    assert (kept.type, kept.v, kept.by, kept.cmd) == ("weather_noticed", 7, "면_1", "c")
    assert isinstance(kept.event, Unknown)
    assert encode_body(kept.event) == b"{" + WEATHER[WEATHER.index(b'"sky"') :]
    assert kept.to_wire() == WEATHER


def test_a_later_version_of_a_known_type_is_kept_as_it_is() -> None:
    line = LINES[1].replace(b'"v":1', b'"v":2').replace(b'"seat"', b'"stool"')
    [_, kept] = intake.read_lines([LINES[0], line])
    assert isinstance(kept.event, Unknown)
    assert kept.to_wire() == line


def test_an_erased_body_comes_back_erased() -> None:
    line = msgspec.structs.replace(entry(1, CREATED), event=Blank()).to_wire()
    [kept] = intake.read_lines([line])
    assert (kept.type, kept.event) == ("session_created", Blank())
    assert kept.to_wire() == line


def test_another_order_of_names_says_the_same() -> None:
    told = msgspec.structs.replace(entry(2, note('그는 말했다: "seq"'), by="면접관_1"), cmd="c")
    turned = dict(reversed(json.loads(told.to_wire()).items()))
    [_, found] = intake.read_lines([LINES[0], json.dumps(turned, indent=None).encode()])
    assert found == told
    assert isinstance(found.event, NoteAdded)
    assert Entry.from_wire(json.dumps(turned, indent=2).encode()) == told


@pytest.mark.parametrize(
    ("number", "line", "words"),
    [
        (1, b"", "no JSON"),
        (2, b"\n", "no JSON"),
        (2, LINES[1][:-1], "no JSON"),
        (2, b"no journal at all", "no JSON"),
        (2, b"\xff\xfe" + LINES[1], "no JSON"),
        (2, LINES[1].replace("지원자_1".encode(), b"\xed\xa0\x80"), "no JSON"),
        (2, b'{"x":' + b"[" * 100_000, "no JSON"),
        (2, b"[1, 2]", "got `array`"),
        (2, LINES[1].replace(b'"by"', b'"buy"'), "missing required field `by`"),
        (2, LINES[1].replace(b'"seat"', b'"stool"'), "missing required field `seat`"),
        (2, LINES[1].replace(b'"v":1', b'"v":0'), "`$.v`"),
        (2, LINES[1].replace(b'"v":1', b'"v":1.5'), "`$.v`"),
        (2, LINES[1].replace(b'"at":2.0', b'"at":-1'), "`$.at`"),
        (2, LINES[1].replace(b'"at":2.0', b'"at":1e999'), ""),
        (2, LINES[1].replace(b'"wall":17', b'"wall":17000000000'), "`$.wall`"),
        (2, LINES[1].replace(b'"seq":2', b'"seq":0'), "`$.seq`"),
        (2, LINES[1].replace(b'"seq":2', b'"seq":3'), "has event 3"),
        (2, LINES[0], "has event 1"),
        (1, LINES[1].replace(b'"seq":2', b'"seq":1'), "begins with session_created"),
        (2, LINES[1] + b" " * intake.MAX_LINE, "longer than any event"),
    ],
)
def test_a_line_that_is_wrong_is_named(number: int, line: bytes, words: str) -> None:
    lines = [*LINES[: number - 1], line, *LINES[number:]]
    sentence = refusal(lines)
    assert sentence.startswith(f"Line {number} ")
    assert words in sentence


def test_an_empty_file_is_no_record() -> None:
    assert "empty" in refusal([])


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: path.stem)
def test_journals_of_every_release_are_read(path: Path) -> None:
    lines = path.read_bytes().splitlines()
    entries = intake.read_lines(lines)
    for found, line in zip(entries, lines, strict=True):
        if isinstance(found.event, Unknown):
            assert found.to_wire() == line
        else:
            assert found == read_line(line)
    assert intake.session_of("s", entries).seq == len(lines)
