"""Endpointing, drawn: ``#`` is a window of certain speech, ``.`` of silence, ``?`` in between."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio import RATE_HZ, WINDOW
from pipeline.endpointing import (
    Ended,
    Endpointer,
    EndpointingConfig,
    Paused,
    Resumed,
    Span,
    SpeechEvent,
    SpeechState,
    Started,
)

WINDOWS_PER_S = RATE_HZ / WINDOW
PROBABILITY = {"#": 1.0, "?": 0.4, ".": 0.0}

# Durations chosen so that a drawn window is easy to count: 2 windows of speech start an
# utterance, 2 of silence are a pause, 4 end it, 1 is kept before and after; at most 20.
DRAWN = EndpointingConfig(
    min_speech_s=2 / WINDOWS_PER_S,
    pause_s=2 / WINDOWS_PER_S,
    endpoint_silence_s=4 / WINDOWS_PER_S,
    pre_roll_s=1 / WINDOWS_PER_S,
    post_roll_s=1 / WINDOWS_PER_S,
    max_s=20 / WINDOWS_PER_S,
    cut_search_s=6 / WINDOWS_PER_S,
    cut_quiet_s=2 / WINDOWS_PER_S,
)


def play(endpointer: Endpointer, drawing: str, loud: str = "") -> list[SpeechEvent]:
    """Push the drawing; ``loud`` gives each window's energy as a digit, by default 1."""
    digits = itertools.chain(loud, itertools.repeat("1"))
    return [
        event
        for mark, digit in zip(drawing, digits, strict=False)
        for event in endpointer.push(PROBABILITY[mark], float(digit))
    ]


def events(drawing: str, loud: str = "") -> list[SpeechEvent]:
    endpointer = Endpointer(DRAWN)
    return [*play(endpointer, drawing, loud), *endpointer.flush()]


def windows(start: int, end: int) -> Span:
    return Span(start * WINDOW, end * WINDOW)


def utterances(happened: list[SpeechEvent]) -> list[Span]:
    return [event.span for event in happened if isinstance(event, Ended)]


def test_speech_between_silences_is_one_padded_utterance() -> None:
    assert events("..####......") == [
        Started(1 * WINDOW),
        Paused(windows(1, 7)),
        Ended(windows(1, 7), is_forced=False),
    ]


def test_short_pause_does_not_end_the_utterance() -> None:
    assert events("..####...####......") == [
        Started(1 * WINDOW),
        Paused(windows(1, 7)),
        Resumed(),
        Paused(windows(1, 14)),
        Ended(windows(1, 14), is_forced=False),
    ]


def test_hesitation_shorter_than_a_pause_is_not_reported() -> None:
    assert events("..####.####....") == [
        Started(1 * WINDOW),
        Paused(windows(1, 12)),
        Ended(windows(1, 12), is_forced=False),
    ]


def test_click_is_no_utterance() -> None:
    assert events("...#....#...") == []


def test_uncertain_windows_neither_start_nor_end_an_utterance() -> None:
    assert events("??????") == []
    assert utterances(events("##????????....")) == [windows(0, 11)]
    assert utterances(events("##..??#.....")) == [windows(0, 3)]


def test_two_utterances_do_not_share_a_sample() -> None:
    first, second = utterances(events("####....####...."))
    assert first == windows(0, 5)
    assert second == windows(7, 13)


def test_stream_that_ends_in_speech_ends_the_utterance() -> None:
    assert events("..####")[-1] == Ended(windows(1, 6), is_forced=False)
    assert events("..####.")[-1] == Ended(windows(1, 7), is_forced=False)
    assert events("..#") == []


def test_pushing_goes_on_after_a_flush() -> None:
    endpointer = Endpointer(DRAWN)
    play(endpointer, "###")
    assert endpointer.flush() == (Ended(windows(0, 3), is_forced=False),)
    assert endpointer.flush() == ()
    assert utterances(play(endpointer, "###....")) == [windows(3, 7)]


def test_more_patience_may_be_given_while_someone_speaks() -> None:
    endpointer = Endpointer(DRAWN)
    play(endpointer, "####..")
    endpointer.endpoint_silence_s = 6 / WINDOWS_PER_S
    assert not utterances(play(endpointer, "..."))
    assert utterances(play(endpointer, "."))


def test_speech_without_end_is_cut_at_its_quietest_place_and_goes_on() -> None:
    happened = events("#" * 24, loud="9" * 15 + "119999999")
    assert happened == [
        Started(0),
        Ended(windows(0, 16), is_forced=True),
        Started(16 * WINDOW),
        Ended(windows(16, 24), is_forced=False),
    ]


def test_pause_at_the_longest_length_ends_the_utterance_there() -> None:
    happened = events("#" * 18 + "..##....")
    assert utterances(happened)[0] == windows(0, 19)
    assert Ended(windows(0, 19), is_forced=True) in happened
    assert utterances(happened)[1:] == [windows(19, 23)]


def test_cut_that_leaves_only_silence_starts_nothing() -> None:
    happened = events("#" * 19 + "." * 11, loud="9" * 18 + "11" + "9" * 10)
    assert happened == [Started(0), Ended(windows(0, 19), is_forced=True)]


def test_state_follows_the_diagram() -> None:
    endpointer = Endpointer(DRAWN)
    seen = []
    for mark in ".###.#.....#.":
        endpointer.push(PROBABILITY[mark], 1.0)
        seen.append(endpointer.state)
    silent, starting, speaking, ending = SpeechState
    assert [state for state, _ in itertools.groupby(seen)] == [
        silent,
        starting,
        speaking,
        ending,
        speaking,
        ending,
        silent,
        starting,
        silent,
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"end_p": 0.6}, {"end_p": 0.0}, {"post_roll_s": 0.4}, {"cut_search_s": 28.0}],
)
def test_contradictory_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        EndpointingConfig(**wrong)


SPEECH = st.lists(st.tuples(st.sampled_from("#?."), st.integers(1, 30)), max_size=30).map(
    lambda runs: "".join(mark * length for mark, length in runs)
)
CONFIGS = st.sampled_from([DRAWN, EndpointingConfig(max_s=4.0)])


def run(drawing: str, config: EndpointingConfig, loud: str = "") -> list[SpeechEvent]:
    endpointer = Endpointer(config)
    return [*play(endpointer, drawing, loud), *endpointer.flush()]


@given(SPEECH, CONFIGS, st.text("0123456789", max_size=300))
def test_spans_are_ordered_disjoint_and_bounded(
    drawing: str, config: EndpointingConfig, loud: str
) -> None:
    spans = utterances(run(drawing, config, loud))
    edges = [edge for span in spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(0 < span.end - span.start <= config.max_s * RATE_HZ for span in spans)
    assert not edges or edges[-1] <= len(drawing) * WINDOW


@given(SPEECH, CONFIGS, st.text("0123456789", max_size=300))
def test_long_certain_speech_is_always_inside_an_utterance(
    drawing: str, config: EndpointingConfig, loud: str
) -> None:
    heard = {
        window
        for span in utterances(run(drawing, config, loud))
        for window in range(span.start // WINDOW, span.end // WINDOW)
    }
    position = 0
    for mark, group in itertools.groupby(drawing):
        length = len(list(group))
        if mark == "#" and length >= round(config.min_speech_s * WINDOWS_PER_S):
            assert heard.issuperset(range(position, position + length))
        position += length


@given(SPEECH, CONFIGS)
def test_a_pause_without_resumption_carries_the_final_span(
    drawing: str, config: EndpointingConfig
) -> None:
    guess: Span | None = None
    open_at: int | None = None
    for event in run(drawing, config):
        match event:
            case Started(start):
                assert open_at is None
                open_at = start
            case Paused(span):
                assert guess is None
                assert open_at == span.start
                guess = span
            case Resumed():
                assert guess is not None
                guess = None
            case Ended(span):
                assert open_at == span.start
                assert guess in (None, span)
                open_at = guess = None
    assert open_at is None
