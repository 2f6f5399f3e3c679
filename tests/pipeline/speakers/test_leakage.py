"""Own microphones in one room, drawn: ``#`` is 0.5 s of speech, ``.`` of silence."""

import numpy as np
import pytest

from pipeline.audio import RATE_HZ, Samples, samples
from pipeline.speakers.envelopes import FLOOR_DB, FRAMES_A_SECOND, KEPT, Envelope
from pipeline.speakers.leakage import Leakage
from pipeline.speakers.verdicts import Stretch

CHARACTER = RATE_HZ // 2
BLOCK = samples(0.02)
RANDOM = np.random.default_rng(8)


def voice(drawing: str, seed: int) -> Samples:
    """Noise that rises and falls like syllables, each voice in its own way."""
    random = np.random.default_rng(seed)
    syllables = random.uniform(-25, 0, 2 + len(drawing) * 4)
    places = np.linspace(0, syllables.size - 1, len(drawing) * CHARACTER)
    level = 10 ** (np.interp(places, np.arange(syllables.size), syllables) / 20)
    speaks = np.repeat([one == "#" for one in drawing], CHARACTER)
    sound = 0.1 * level * speaks * random.standard_normal(speaks.size)
    return np.asarray(sound, np.float32)


def afar(sound: Samples, level_db: float, delay_s: float = 0.005) -> Samples:
    """Another's speech, as a microphone at some distance hears it."""
    delay = samples(delay_s)
    late = np.concatenate((np.zeros(delay, np.float32), sound))[: sound.size]
    return np.asarray(late * 10 ** (level_db / 20), np.float32)


def noise(size: int) -> Samples:
    return np.asarray(RANDOM.standard_normal(size) * 10 ** (-70 / 20), np.float32)


def room(*tracks: Samples) -> Leakage:
    """Let a room hear microphones "0", "1"... side by side."""
    leakage = Leakage()
    for start in range(0, tracks[0].size, BLOCK):
        for name, track in enumerate(tracks):
            leakage.hear(str(name), start / RATE_HZ, track[start : start + BLOCK])
    return leakage


def drawn(stretches: tuple[Stretch, ...], size: int) -> str:
    """Draw the verdict: ``o`` own, ``:`` others' speech, by what most of each half second is."""
    own = np.zeros(size)
    for stretch in stretches:
        own[stretch.start : stretch.end] = stretch.is_own
    return "".join("o" if half.mean() > 0.5 else ":" for half in own.reshape(-1, CHARACTER))


def judged(leakage: Leakage, name: str, track: Samples, first: int, last: int) -> str:
    """Draw what is said of characters ``first`` to ``last`` of a microphone."""
    sound = track[first * CHARACTER : last * CHARACTER]
    return drawn(leakage.judge(name, first * CHARACTER / RATE_HZ, sound), sound.size)


ONE = "######......######......"
TWO = "......######......######"


@pytest.mark.parametrize("level_db", [-6, -12, -20])
def test_a_neighbours_speech_is_others_and_ones_own_is_own(level_db: float) -> None:
    one, two = voice(ONE, 1), voice(TWO, 2)
    tracks = [
        one + afar(two, level_db) + noise(one.size),
        two + afar(one, level_db) + noise(one.size),
    ]
    leakage = room(*tracks)
    assert judged(leakage, "0", tracks[0], 12, 18) == "oooooo"
    assert judged(leakage, "0", tracks[0], 18, 24) == "::::::"
    assert judged(leakage, "1", tracks[1], 12, 18) == "::::::"
    assert judged(leakage, "1", tracks[1], 18, 24) == "oooooo"


def test_a_quiet_person_beside_a_loud_one_keeps_every_word() -> None:
    quiet, loud = voice(ONE, 1) * np.float32(0.25), voice(TWO, 2)
    tracks = [
        quiet + afar(loud, -8) + noise(quiet.size),
        loud + afar(quiet, -8) + noise(quiet.size),
    ]
    leakage = room(*tracks)
    assert judged(leakage, "0", tracks[0], 0, 6) == "oooooo"
    assert judged(leakage, "0", tracks[0], 6, 12)[:5] == ":::::"
    assert judged(leakage, "0", tracks[0], 12, 18) == "oooooo"
    assert judged(leakage, "0", tracks[0], 18, 24)[:5] == ":::::"


def test_in_separate_rooms_nothing_is_taken_out_even_when_both_talk() -> None:
    one, two = voice("####..####..########....", 1), voice("..####..####..########..", 2)
    tracks = [one + noise(one.size), two * np.float32(0.25) + noise(one.size)]
    leakage = room(*tracks)
    for name, track in enumerate(tracks):
        assert judged(leakage, str(name), track, 0, 24) == "o" * 24


@pytest.mark.parametrize("seed", [10, 20, 30])
def test_two_who_begin_at_once_in_separate_rooms_are_not_taken_for_an_echo(seed: int) -> None:
    tracks = [voice("#" * 6, seed) + noise(6 * CHARACTER), voice("#" * 6, seed + 1)]
    leakage = room(*tracks)
    for name, track in enumerate(tracks):
        assert judged(leakage, str(name), track, 0, 6) == "oooooo"


def test_who_speaks_at_once_with_a_neighbour_is_kept() -> None:
    one, two = voice("####....####....", 1), voice("....####..######", 2)
    track = one + afar(two, -12) + noise(one.size)
    leakage = room(track, two + afar(one, -12) + noise(one.size))
    assert judged(leakage, "0", track, 8, 16) == "oooo::::"


def test_an_echo_that_comes_later_is_others_speech() -> None:
    one, two = voice(3 * ONE, 1), voice(3 * TWO, 2)
    track = one + afar(two, -15, delay_s=0.25) + noise(one.size)
    leakage = room(track, two + noise(one.size))
    assert leakage.paths["1", "0"].lag == pytest.approx(25, abs=2)
    assert judged(leakage, "0", track, 60, 66)[1:] == "ooooo"
    assert judged(leakage, "0", track, 66, 72)[1:] == ":::::"


def test_the_first_words_of_an_interview_are_not_borrowed_either() -> None:
    one = voice("..####", 1)
    track = afar(one, -10) + noise(one.size)
    leakage = room(one + noise(one.size), track)
    assert judged(leakage, "1", track, 2, 6) == "::::"


def test_one_microphone_alone_is_all_its_own() -> None:
    one = voice("####", 1)
    assert judged(room(one), "0", one, 0, 4) == "oooo"


def test_a_microphone_that_nobody_knows_is_all_its_own() -> None:
    one = voice("####", 1)
    assert judged(Leakage(), "0", one, 0, 4) == "oooo"


def test_sound_shorter_than_a_frame_is_judged() -> None:
    one, two = voice(ONE, 1), voice(TWO, 2)
    leakage = room(one + afar(two, -10), two + afar(one, -10))
    assert leakage.judge("0", 3.0, one[:100]) == (Stretch(0, 100, is_own=True),)


def test_whoever_comes_with_a_microphone_anew_is_not_judged_by_what_was() -> None:
    one, two = voice(ONE, 1), voice(TWO, 2)
    track = one + afar(two, -10) + noise(one.size)
    leakage = room(track, two + afar(one, -10) + noise(one.size))
    assert ":" in judged(leakage, "0", track, 18, 24)
    leakage.forget("0")
    assert judged(leakage, "0", track, 18, 24) == "oooooo"
    assert not leakage.paths


def test_the_same_sound_on_two_tracks_is_told_from_two_people() -> None:
    one, two = voice("####", 1), voice("####", 2)
    leakage = room(one + noise(one.size), afar(one, -12) + noise(one.size), two)
    alike = leakage.compare("0", "1", 0.0, 2.0)
    assert alike is not None
    assert alike.correlation > 0.9
    assert alike.louder_db == pytest.approx(12, abs=1)
    other = leakage.compare("0", "2", 0.0, 2.0)
    assert other is not None
    assert other.correlation < 0.5
    assert leakage.compare("0", "3", 0.0, 2.0) is None
    assert leakage.compare("0", "1", 0.0, 0.1) is None
    assert leakage.compare("0", "1", 900.0, 902.0) is None


def test_microphones_that_keep_coming_back_are_forgotten_in_the_end() -> None:
    leakage = Leakage()
    for number in range(40):
        leakage.hear(f"old {number}", number * 1.0, voice("##", number))
    assert leakage.compare("old 39", "old 39", 39.0, 40.0) is not None
    assert leakage.compare("old 0", "old 0", 0.0, 1.0) is None


def test_an_envelope_keeps_the_last_minute() -> None:
    envelope = Envelope()
    for second in range(70):
        envelope.put(second * 1.0, np.full(RATE_HZ, 0.1, np.float32))
    assert envelope.end == 70 * FRAMES_A_SECOND
    found = envelope.between(0, envelope.end)
    assert (found[: envelope.end - KEPT] == FLOOR_DB).all()
    assert found[envelope.end - KEPT :] == pytest.approx(-20, abs=0.1)


def test_an_envelope_knows_nothing_of_a_gap_and_learns_of_it_later() -> None:
    envelope = Envelope()
    second = np.full(RATE_HZ, 0.1, np.float32)
    envelope.put(10.0, second)
    envelope.put(12.0, second)
    assert (envelope.between(1100, 1200) == FLOOR_DB).all()
    envelope.put(11.0, second)
    assert envelope.between(1000, 1300) == pytest.approx(-20, abs=0.1)
    assert envelope.end == 1300


def test_blocks_of_any_length_lie_where_they_were_heard() -> None:
    whole, pieces = Envelope(), Envelope()
    sound = voice("#.#.", 1)
    whole.put(5.0, sound)
    starts = np.unique(RANDOM.integers(0, sound.size, 50))
    for start, end in zip([0, *starts], [*starts, sound.size], strict=True):
        pieces.put(5.0 + start / RATE_HZ, sound[start:end])
    pieces.settle()
    assert pieces.between(500, 700) == pytest.approx(whole.between(500, 700), abs=1e-3)
