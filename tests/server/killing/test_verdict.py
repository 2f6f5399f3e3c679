"""The judge of the killings sees what it is there for."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.server.killing.deployment import Deployment, Node
from tests.server.killing.people import Fact, Reader, Writer
from tests.server.killing.verdict import Verdict, judged
from tests.server.redis_server import RedisServer

CREATED = Fact(1, "session_created", None, None)


def note(seq: int, text: str) -> Fact:
    return Fact(seq, "note_added", f"cmd {text}", text)


JOURNAL = [CREATED, note(2, "w0 0"), note(3, "w1 0"), note(4, "w0 1")]
CLEAN = Verdict(acknowledged=3, read=4)


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment([Node(tmp_path)], RedisServer(tmp_path), "k" * 32)


@pytest.fixture
def writers(deployment: Deployment) -> list[Writer]:
    writers = [Writer(deployment, "s", 0, name) for name in ("w0", "w1")]
    writers[0].acknowledged += [(2, "w0 0"), (4, "w0 1")]
    writers[1].acknowledged += [(3, "w1 0")]
    return writers


@pytest.fixture
def reader(deployment: Deployment) -> Reader:
    reader = Reader(deployment, "s", 0)
    reader.facts += JOURNAL
    return reader


def test_what_is_as_it_should_be_is_clean(writers: list[Writer], reader: Reader) -> None:
    # What was appended after the first journal was read counts for nobody.
    later = [*JOURNAL, note(5, "w0 2")]
    assert judged([JOURNAL, later], writers, [reader]) == CLEAN
    assert CLEAN.is_clean
    assert not Verdict().is_clean


def test_lost_and_renumbered_notes_are_seen(writers: list[Writer], reader: Reader) -> None:
    del reader.facts[3]
    assert judged([JOURNAL[:3]], writers, [reader]) == replace(CLEAN, read=3, lost=1)
    moved = [CREATED, note(2, "w1 0"), note(3, "w0 0"), note(4, "w0 1")]
    assert judged([moved], writers, []).lost == 2


def test_note_that_is_there_twice_is_seen(writers: list[Writer]) -> None:
    found = judged([[*JOURNAL, note(5, "w1 0")]], writers, [])
    assert found == replace(CLEAN, read=0, duplicated=1)


def test_notes_of_one_writer_in_another_order_are_seen(writers: list[Writer]) -> None:
    writers[0].acknowledged[:] = [(4, "w0 0"), (2, "w0 1")]
    swapped = [CREATED, note(2, "w0 1"), note(3, "w1 0"), note(4, "w0 0")]
    assert judged([swapped], writers, []) == replace(CLEAN, read=0, disordered=1)


def test_missing_numbers_are_seen(writers: list[Writer]) -> None:
    assert judged([[*JOURNAL, note(6, "w0 2")]], writers, []).gaps == 1


def test_reader_that_missed_repeated_or_swapped_something_is_seen(
    writers: list[Writer], reader: Reader
) -> None:
    for wrong in (JOURNAL[:3], [*JOURNAL[:2], *JOURNAL[1:]], [*JOURNAL[:2], *JOURNAL[:1:-1]]):
        reader.facts[:] = wrong
        assert judged([JOURNAL], writers, [reader]).misread == 1


def test_two_servers_that_tell_different_journals_are_seen(writers: list[Writer]) -> None:
    assert judged([JOURNAL, JOURNAL[:3]], writers, []).disagreements == 1
