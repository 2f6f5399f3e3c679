"""Where in speech a voice is listened to."""

from pipeline.audio import samples
from pipeline.speakers.cells import cells


def span(start_s: float, end_s: float) -> tuple[int, int]:
    return samples(start_s), samples(end_s)


def test_cells_cover_their_region_without_gaps() -> None:
    found = cells([span(1.1, 5.7)], [], [])
    assert found[0].start == samples(1.1)
    assert found[-1].end == samples(5.7)
    assert all(a.end == b.start for a, b in zip(found, found[1:], strict=False))


def test_no_sound_is_heard_across_a_change_of_voice() -> None:
    change = samples(3.0)
    for cell in cells([span(0, 6)], [change], []):
        assert cell.heard is not None
        assert cell.heard[1] <= change or cell.heard[0] >= change


def test_sound_of_two_voices_is_no_evidence() -> None:
    found = cells([span(0, 6)], [], [span(2, 3)])
    (both,) = [cell for cell in found if cell.heard is None]
    assert (both.start, both.end) == span(2, 3)


def test_cells_stay_where_they_are_while_speech_goes_on() -> None:
    shorter, longer = cells([span(1, 5)], [], []), cells([span(1, 8)], [], [])
    assert shorter[:4] == longer[:4]
