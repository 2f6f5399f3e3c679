"""One microphone's frames on their way into the mix."""

import numpy as np
import pytest

from pipeline.audio import RATE_HZ, Samples
from server.media.frames import Frame, Origin
from server.media.opus_encoder import Encoder
from server.mixing.input import Input
from tests.server.mixing.virtual import FRAME, loudness, silence, tone


def listen(frames: list[Frame], rate_hz: int = RATE_HZ, source: Input | None = None) -> Samples:
    """Let frames come in time; return what is heard."""
    source = source or Input(rate_hz)
    out = []
    for frame in frames:
        now_s = frame.at / RATE_HZ + 0.05
        source.take(frame, now_s)
        heard = source.pull(now_s)
        out.append(np.zeros(rate_hz // 50, np.float32) if heard is None else heard)
    return np.concatenate(out)


def cut(sound: Samples, level: int | None = None) -> list[Frame]:
    return [
        Frame(sound[at : at + FRAME], at, at / RATE_HZ, level=level)
        for at in range(0, sound.size, FRAME)
    ]


def test_a_voice_is_heard_at_the_rate_of_the_media_plane() -> None:
    out = listen(cut(tone(400, 1.0)))
    assert loudness(out[8000:], 400) == pytest.approx(0.3, rel=0.02)


@pytest.mark.parametrize("rate_hz", [48_000])
def test_a_voice_is_heard_in_fullband_out_of_its_packets(rate_hz: int) -> None:
    voice = tone(400, 1.0, rate_hz=rate_hz) + tone(11_000, 1.0, 0.1, rate_hz)
    encoder = Encoder(rate_hz)
    frames = [
        Frame(tone(400, 0.02), at // 3, 0.0, packet=encoder.encode(voice[at : at + 960]))
        for at in range(0, voice.size, 960)
    ]
    out = listen(frames, rate_hz)[rate_hz // 2 :]
    assert loudness(out, 400, rate_hz) == pytest.approx(0.3, rel=0.1)
    assert loudness(out, 11_000, rate_hz) > 0.04


def test_in_fullband_a_frame_without_packet_is_concealed() -> None:
    encoder = Encoder(48_000)
    voice = tone(300, 1.0, rate_hz=48_000)
    frames = [
        Frame(tone(300, 0.02), at // 3, 0.0, packet=encoder.encode(voice[at : at + 960]))
        for at in range(0, voice.size, 960)
    ]
    lost = frames[30]
    frames[30] = Frame(lost.samples, lost.at, 0.0, Origin.CONCEALED)
    out = listen(frames, 48_000)
    assert out[24_000:].size == 24_000
    assert np.abs(np.diff(out)).max() < 0.05
    blocks = np.abs(out[24_000:].reshape(-1, 960)).max(axis=1)
    assert blocks.min() > 0.1


def test_in_fullband_nothing_that_comes_can_do_harm() -> None:
    source = Input(48_000)
    for at, frame in enumerate(
        [
            Frame(silence(0.02), 0, 0.0, packet=b"\xff"),
            Frame(silence(0.5), 320, 0.0, Origin.CONCEALED),
            Frame(silence(0.02), 8320, 0.0, packet=b""),
            Frame(np.zeros(0, np.float32), 8640, 0.0),
        ]
    ):
        source.take(frame, at * 0.02)
        source.pull(at * 0.02)


def test_the_senders_own_level_is_believed() -> None:
    assert not listen(cut(tone(400, 0.5), level=-90)).any()


def test_a_constant_is_not_heard_and_leaves_room_for_a_voice() -> None:
    out = listen(cut(np.float32(0.7) + tone(400, 2.0)))
    late = out[16_000:]
    assert abs(float(late.mean())) < 0.01
    assert np.abs(late).max() < 0.32


def test_silence_that_was_not_sent_delays_nothing() -> None:
    first, second = cut(tone(400, 0.4)), cut(tone(400, 1.6))[60:]
    pause = Frame(silence(0.8), 20 * FRAME, second[0].arrived, Origin.SILENT)
    source = Input(RATE_HZ)
    listen(first, source=source)
    source.take(pause, second[0].at / RATE_HZ + 0.05)
    listen(second, source=source)
    assert source.wait_s < 0.05
