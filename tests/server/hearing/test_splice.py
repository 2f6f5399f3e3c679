"""What goes where in a hole, drawn as time: one mark is half a second."""

import numpy as np
import pytest

from pipeline.audio import Samples, samples
from server.hearing.block import Block
from server.hearing.patch import patch
from server.hearing.splice import Filling, Hole, Piece, Run, fill
from tests.server.hearing.phones import DELAY, speech, through_opus

MARK_S = 0.5
SAID = speech(30.0, pause_s=0.1)
HEARD = through_opus(SAID)
EMPTY = np.zeros(0, np.float32)


def pieces(drawn: str, error_s: float = 0.0, sound: Samples = SAID) -> list[Piece]:
    """Return what a page kept: ``~`` is a mark of it; ``error_s``: its clock is wrong."""
    found = []
    for start in range(len(drawn)):
        if drawn[start] == "~" and (start == 0 or drawn[start - 1] != "~"):
            length = len(drawn[start:].split(" ")[0])
            first, last = samples(start * MARK_S), samples((start + length) * MARK_S)
            found.append(Piece(start * MARK_S + error_s, sound[first:last]))
    return found


def hole(drawn: str) -> Hole:
    """Return where the dots are."""
    start, end = drawn.index("."), drawn.rindex(".") + 1
    return Hole(start * MARK_S, end * MARK_S, "no_packets")


def filled(
    drawn: str, kept: list[Piece], spare: list[Piece] | None = None, heard: Samples = HEARD
) -> Filling:
    """Fill the hole of a track: ``#`` is heard before and after the dots."""
    lost = hole(drawn)
    tail = heard[: samples(lost.start_s)]
    head = heard[samples(lost.end_s) : samples(len(drawn) * MARK_S)]
    return fill(lost, tail, head, kept, spare or [])


def shown(filling: Filling) -> str:
    """Draw a filling: ``=`` where there is something."""
    marks = [" "] * round(filling.size / samples(MARK_S))
    for run in filling.runs:
        first, last = (round(at / samples(MARK_S)) for at in (run.start, run.end))
        marks[first:last] = "=" * (last - first)
    return "".join(marks)


@pytest.mark.parametrize("error_s", [-0.3, 0.0, 0.15, 0.3])
def test_one_piece_fits_at_both_edges(error_s: float) -> None:
    lost = filled("########......####", pieces("    ~~~~~~~~~~~~  ", error_s))
    (run,) = lost.runs
    assert lost.size == samples(3)
    assert np.array_equal(run.samples, SAID[samples(4) - DELAY : samples(7) - DELAY])


def test_the_true_length_is_told_by_the_sound_and_not_by_the_clocks() -> None:
    believed = Hole(4.0, 6.8, "reconnected")  # The new connection's first packet came early.
    tail, head = HEARD[: samples(4)], HEARD[samples(7) : samples(9)]
    lost = fill(believed, tail, head, pieces("    ~~~~~~~~~~~~  "))
    assert lost.size == samples(3)


@pytest.mark.parametrize(
    ("sent", "there"),
    [
        ("    ~~~~~~~         ", "===   "),
        ("           ~~~~~    ", "   ==="),
        ("    ~~~~~  ~~~~     ", "=  ==="),
        ("         ~~~        ", " ===  "),
        ("~~~~                ", "      "),
        ("                ~~~~", "      "),
    ],
)
def test_what_was_not_kept_stays_missing(sent: str, there: str) -> None:
    assert shown(filled("########......######", pieces(sent))) == there


def test_pieces_that_overlap_are_heard_once() -> None:
    kept = pieces("    ~~~~~~~      ") + pieces("        ~~~~~~~~ ")
    lost = filled("########......####", kept)
    assert sum(run.samples.size for run in lost.runs) == lost.size == samples(3)
    joined = np.concatenate([run.samples for run in lost.runs])
    assert np.array_equal(joined, SAID[samples(4) - DELAY : samples(7) - DELAY])


def test_pieces_come_in_any_order() -> None:
    kept = pieces("    ~~~~~~~ ~~~~~")
    found = [filled("########......####", order).runs for order in (kept, kept[::-1])]
    assert [run.start for run in found[0]] == [run.start for run in found[1]]


def test_an_edge_that_cannot_be_heard_follows_the_other() -> None:
    quiet = SAID.copy()
    quiet[samples(1.5) : samples(4.5)] = 0.0
    sent = pieces("    ~~~~~~~~~~~~", 0.25, quiet)
    lost = filled("########......####", sent, heard=through_opus(quiet))
    (run,) = lost.runs
    assert lost.size == samples(3)
    assert np.array_equal(run.samples, quiet[samples(4) - DELAY : samples(7) - DELAY])


def test_without_anything_to_compare_the_clocks_have_to_do() -> None:
    lost = fill(hole("########......####"), EMPTY, EMPTY, pieces("    ~~~~~~~~~~~~"))
    (run,) = lost.runs
    assert np.array_equal(run.samples, SAID[samples(4) : samples(7)])


def test_spare_sound_is_heard_where_nothing_else_is() -> None:
    spare = pieces("         ~~~~~  ")
    lost = filled("########......####", pieces("    ~~~~~~"), spare)
    assert shown(lost) == "======"
    assert [run.is_late for run in lost.runs] == [True, False]


def test_what_is_heard_twice_is_told() -> None:
    believed = Hole(4.0, 4.5, "reconnected")
    tail, head = HEARD[: samples(4)], HEARD[samples(3.8) : samples(6)]
    lost = fill(believed, tail, head, pieces("    ~~~~~~~~~~~~  "))
    assert (lost.size, lost.runs, lost.twice) == (0, (), samples(0.2))


def test_a_patch_puts_blocks_in_order_without_a_seam() -> None:
    whole = Hole(10.0, 12.0, "no_packets")
    sound = np.arange(samples(2), dtype=np.float32)
    aside = [Block(np.ones(320, np.float32), 12.0), Block(np.ones(320, np.float32), 12.02)]
    result = patch(whole, Filling(sound.size, (Run(0, sound),)), aside)
    assert result.gaps == ()
    assert np.array_equal(
        np.concatenate([block.samples for block in result.blocks]),
        np.concatenate([sound, np.ones(640, np.float32)]),
    )
    assert not any(block.is_cut or block.silence for block in result.blocks)
    starts = [block.start_s for block in result.blocks]
    assert starts == sorted(starts)
    assert [block.is_late for block in result.blocks] == [True] * 10 + [False] * 2


def test_a_patch_is_silent_where_little_is_missing_and_cut_where_much_is() -> None:
    whole = Hole(10.0, 14.0, "reconnected")
    part = np.ones(samples(0.2), np.float32)
    runs = (Run(samples(0.5), part), Run(samples(2.5), part))
    result = patch(whole, Filling(samples(4), runs), [Block(part, 14.0, packet=b"p")])
    first, second, after = result.blocks
    assert (first.silence, first.is_cut) == (samples(0.5), False)
    assert (second.silence, second.is_cut) == (0, True)
    assert (after.silence, after.is_cut, after.packet) == (0, True, b"p")
    assert [(gap.start_s, gap.end_s) for gap in result.gaps] == [
        pytest.approx((10.7, 12.5)),
        pytest.approx((12.7, 14.0)),
    ]


def test_a_patch_drops_what_is_heard_twice_across_blocks() -> None:
    block = np.arange(320, dtype=np.float32)
    aside = [Block(block, 5.0, packet=b"1"), Block(block, 5.02, packet=b"2")]
    result = patch(Hole(4.5, 5.0, "reconnected"), Filling(0, (), twice=400), aside)
    (after,) = result.blocks
    assert after.samples[0] == 80
    assert after.packet is None
    assert after.start_s == pytest.approx(5.025)
