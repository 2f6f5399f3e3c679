"""Everybody's mix: lines are tracks, a column is 20 ms, ``#`` is somebody speaking."""

from collections.abc import Mapping

import numpy as np
import pytest

from pipeline.audio import RATE_HZ, Samples
from server.media.opus_encoder import Encoder
from server.media.opus_library import OpusError
from server.media.opus_packet import SILENT_FRAME
from server.mixing.mix import SILENCE_TICKS, Listener, Mix
from tests.server.mixing.virtual import Ear, loudness, tone

PITCH = {"A": 300, "B": 700, "C": 1300}


def voices(lines: Mapping[str, str], tick: int) -> dict[str, Samples]:
    """Return what sounds at a tick."""
    at = slice(tick * 320, (tick + 1) * 320)
    return {
        name: tone(PITCH[name], (tick + 1) * 0.02)[at]
        for name, line in lines.items()
        if line[tick] == "#"
    }


def run(lines: Mapping[str, str], names: str) -> dict[str, Ear]:
    """Let everybody of ``names`` listen to all but themselves."""
    ears = {name: Ear() for name in names}
    # The name's own ``__ne__``: is heard whoever is another.
    listeners = [Listener(ear, name.__ne__) for name, ear in ears.items()]
    mix = Mix(RATE_HZ)
    for tick in range(len(next(iter(lines.values())))):
        for listener, packet in mix.tick(voices(lines, tick), listeners):
            listener.output.play(packet, tick)
    return ears


def drawn(ear: Ear, ticks: int) -> str:
    """Draw what a listener was sent: ``#`` sound, ``s`` silence, ``.`` nothing."""
    sent = dict(zip(ear.times, ear.packets, strict=True))
    return "".join(
        "." if tick not in sent else "s" if sent[tick] == SILENT_FRAME else "#"
        for tick in range(ticks)
    )


def test_when_nobody_speaks_silence_is_sent_every_400_ms() -> None:
    ear = run({"B": "." * 50}, "A")["A"]
    assert drawn(ear, 50) == ("s" + "." * (SILENCE_TICKS - 1)) * 2 + "s" + "." * 9


def test_silence_follows_at_once_when_speech_has_ended() -> None:
    ears = run({"A": "...###" + "." * 24}, "AB")
    assert drawn(ears["B"], 30) == "s.." + "###" + "###" + "s" + "." * 19 + "s"
    assert drawn(ears["A"], 30) == "s" + "." * 19 + "s" + "." * 9


def test_everybody_hears_all_others_and_never_themselves() -> None:
    line = "#" * 50
    ears = run({"A": line, "B": line, "C": line}, "ABC")
    for name, ear in ears.items():
        heard = ear.heard()[8000:]
        for other, hz in PITCH.items():
            strength = loudness(heard, hz)
            if other == name:
                assert strength < 0.3 * 10 ** (-60 / 20), "60 dB are not enough of a distance"
            else:
                assert strength > 0.15


@pytest.mark.parametrize(
    "lines",
    [
        {"A": "##########", "B": "...####...", "C": ".........."},
        {
            "A": "###.....##########",
            "B": ".....###....###...",
            "C": "..................",
        },
        {"A": "#" * 40, "B": "." * 5 + "#" * 20 + "." * 15, "C": "." * 15 + "#" * 20 + "." * 5},
        {"A": "#......#" * 6, "B": "..####.." * 6, "C": "....####" * 6},
    ],
)
def test_whoever_shares_an_encoder_is_sent_the_very_packets_of_an_own_one(
    lines: dict[str, str],
) -> None:
    together = run(lines, "ABCDE")
    for name, ear in together.items():
        alone = run(lines, name)[name]
        assert ear.times == alone.times
        assert ear.packets == alone.packets


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[Samples]:
    """What was encoded, by anybody."""
    blocks: list[Samples] = []
    encode = Encoder.encode

    def counted(encoder: Encoder, samples: Samples) -> bytes:
        blocks.append(samples)
        return encode(encoder, samples)

    monkeypatch.setattr(Encoder, "encode", counted)
    return blocks


def test_one_voice_is_encoded_once_for_everybody(encoded: list[Samples]) -> None:
    run({"A": "#" * 20}, "ABCDEF")
    assert len(encoded) == 20


@pytest.mark.parametrize(("names", "encoders"), [("ABC", 3), ("ABCDEF", 4)])
def test_each_listener_costs_one_encoding_at_most(
    names: str, encoders: int, encoded: list[Samples]
) -> None:
    run(dict.fromkeys("ABC", "#" * 20), names)
    assert len(encoded) == 20 * encoders


def test_who_comes_in_the_middle_of_a_word_understands_the_rest() -> None:
    first, late = Ear(), Ear()
    mix, listeners = Mix(RATE_HZ), [Listener(first, lambda _: True)]
    for tick in range(100):
        if tick == 50:
            listeners.append(Listener(late, lambda _: True))
        for listener, packet in mix.tick(voices({"A": "#" * 100}, tick), listeners):
            listener.output.play(packet, tick)
    assert loudness(late.heard()[4000:], 300) == pytest.approx(0.3, rel=0.1)


def test_encoders_learn_what_gets_lost() -> None:
    calm, lossy = Ear(), Ear(loss=0.1)
    for ear in (calm, lossy):
        mix, listener = Mix(RATE_HZ), Listener(ear, lambda _: True)
        chance = np.random.default_rng(2)
        for tick in range(50):
            block = voices({"A": "#" * 50}, tick)["A"]
            noisy = (block + chance.normal(0, 0.05, 320)).astype(np.float32)
            for _, packet in mix.tick({"A": noisy}, [listener]):
                ear.play(packet, tick)
    assert calm.packets != lossy.packets


def test_a_mix_that_cannot_be_made_harms_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    encode = Encoder.encode

    def fails_for_a(encoder: Encoder, samples: Samples) -> bytes:
        if loudness(samples, PITCH["A"]) > 0.2:
            raise OpusError("it is broken")
        return encode(encoder, samples)

    monkeypatch.setattr(Encoder, "encode", fails_for_a)
    ears = run({"A": "#" * 40, "B": "#" * 40}, "AB")
    assert drawn(ears["B"], 40) == "." * 40
    assert loudness(ears["A"].heard()[3200:], PITCH["B"]) > 0.15
    assert caplog.text.count("cannot be made") == 1


def test_whether_a_track_is_heard_is_asked_once_until_it_has_gone() -> None:
    asked: list[str] = []

    def ask(track: str) -> bool:
        asked.append(track)
        return True

    listener = Listener(Ear(), ask)
    assert listener.is_hearing("A")
    assert listener.is_hearing("A")
    listener.forget("A")
    assert listener.is_hearing("A")
    assert asked == ["A", "A"]
