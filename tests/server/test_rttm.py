"""Who spoke when, as programs that compare it read it."""

from server.events import Event
from server.export import Format, render
from server.rttm import rttm
from server.session import fold
from tests.server.stories import CREATED, moved, said, seated, spoken_in, story


def told(*events: Event | tuple[str, Event]) -> list[tuple[str, ...]]:
    """Return onset, duration and name of every line."""
    entries = story(CREATED, *events)
    text = render(fold("면접 1", entries), entries, Format.RTTM)
    fields = [line.split(" ") for line in text.splitlines()]
    assert all(
        (len(one), one[:3], one[5:7], one[8:]) == (10, ["SPEAKER", "면접_1", "1"], NA, NA)
        for one in fields
    )
    return [(one[3], one[4], one[7]) for one in fields]


NA = ["<NA>", "<NA>"]


def test_every_stretch_has_its_seat_or_the_letter_of_an_unknown_voice() -> None:
    assert told(
        seated("v1", "지원자_1"),
        seated("v2", None),
        seated("v3", None),
        spoken_in("room-1", 0.0, 9.0, ("v1", 0.5, 3.0), ("v2", 2.5, 4.0), ("v3", 5.0, 6.5)),
    ) == [
        ("0.500", "2.500", "지원자_1"),
        ("2.500", "1.500", "unknown_A"),
        ("5.000", "1.500", "unknown_B"),
    ]


def test_two_voices_of_one_person_are_one_name_and_touching_stretches_one() -> None:
    assert told(
        seated("v1", "지원자_1"),
        seated("v2", "지원자_1"),
        spoken_in("room-1", 0.0, 5.0, ("v1", 1.0, 5.0)),
        spoken_in("room-1", 5.0, 9.0, ("v2", 5.0, 7.0), ("v1", 8.0, 9.0)),
    ) == [("1.000", "6.000", "지원자_1"), ("8.000", "1.000", "지원자_1")]


def test_own_microphones_and_rooms_that_were_not_told_apart_speak_where_their_words_are() -> None:
    assert told(
        seated("v1", "지원자_1"), said("u1", "하나 둘", start=2.0), said("u2", "셋", voice=None)
    ) == [("0.000", "0.400", "unknown"), ("2.000", "0.900", "지원자_1")]


def test_a_line_that_a_person_moved_is_the_others_in_the_middle_of_a_stretch() -> None:
    assert told(
        seated("v1", "지원자_1"),
        seated("v2", "지원자_2"),
        spoken_in("t1", 0.0, 9.0, ("v1", 1.0, 8.0)),
        said("u1", "하나 둘", start=3.0),
        ("operator", moved("u1.1", "v2")),
    ) == [
        ("1.000", "2.000", "지원자_1"),
        ("3.000", "0.900", "지원자_2"),
        ("3.900", "4.100", "지원자_1"),
    ]


def test_nobody_speaking_is_an_empty_file() -> None:
    assert told() == []
    assert rttm("", [(1.0, 2.0, "지원자_1")]).startswith("SPEAKER interview 1 ")
