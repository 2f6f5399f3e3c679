"""Journals of every release, kept as they were exported, fold to what they folded to then.

The files are never edited. A release adds its own: ``daedam export SESSION --format journal`` as
``RELEASE-NAME.jsonl`` and what ``--format json`` says of it as ``RELEASE-NAME.result.json``.
``RELEASE-NAME.lines.json`` says whose every line is; the page's own fold is held to it, too.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from server import legacy
from server.events import CATALOGUE, Blank, Unknown
from server.export import Format, render
from server.session import Life, fold
from tests.server.stories import read_line

GOLDEN = Path(__file__).parent / "golden"
JOURNALS = sorted(GOLDEN.glob("*.jsonl"))
LINES = sorted(GOLDEN.glob("*.lines.json"))


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: path.stem)
def test_a_golden_journal_still_folds_to_its_result(path: Path) -> None:
    entries = [read_line(line) for line in path.read_bytes().splitlines()]
    session = fold("golden", entries)
    expected = json.loads(path.with_suffix(".result.json").read_bytes())
    assert of_then(legacy.result(session, session.at), expected) == expected


@pytest.mark.parametrize("path", LINES, ids=lambda path: path.stem)
def test_a_golden_journal_still_gives_every_line_to_whom_it_belongs(path: Path) -> None:
    journal = path.with_name(path.name.removesuffix(".lines.json") + ".jsonl")
    session = fold("golden", map(read_line, journal.read_bytes().splitlines()))
    assert json.loads(path.read_bytes()) == [
        {
            "segment": spoken.segment.segment,
            "seat": session.speaker(spoken.segment),
            "voice": session.voice(spoken.segment),
            "text": spoken.segment.text,
            "start": spoken.segment.words[0][0],
        }
        for spoken in legacy.in_order(session)
    ]


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: path.stem)
def test_what_is_exported_of_a_golden_journal_can_be_read_again(path: Path) -> None:
    entries = [read_line(line) for line in path.read_bytes().splitlines()]
    exported = render(fold("golden", entries), entries, Format.JOURNAL)
    again = [read_line(line) for line in exported.splitlines()]
    assert [item.event for item in again] == [item.event for item in entries]
    assert fold("golden", again) == fold("golden", entries)


def test_every_type_in_the_catalogue_occurs_in_a_golden_journal() -> None:
    found = {
        type(read_line(line).event) for path in JOURNALS for line in path.read_bytes().splitlines()
    }
    assert set(CATALOGUE.values()) <= found
    assert {Blank, Unknown} <= found


def test_the_golden_journals_tell_of_every_end_a_session_can_have() -> None:
    lives = {
        fold("golden", map(read_line, path.read_bytes().splitlines())).life for path in JOURNALS
    }
    assert {Life.LIVE, Life.REVIEW, Life.ERASED} <= lives


def of_then(found: Any, expected: Any) -> Any:
    """Return of ``found`` the fields that were known then; later releases may add some."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return {name: of_then(found[name], expected[name]) for name in expected if name in found}
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        return [of_then(one, other) for one, other in zip(found, expected, strict=True)]
    return found
