"""Decoded frames to blocks on track time, and the silence that goes the other way."""

from fractions import Fraction

import av
import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from pipeline.audio import RATE_HZ, Samples
from server.media import silence
from server.media.silence import OPUS_HZ, SilenceTrack
from server.media.sound import Downsampler, TrackTime
from tests.server.media.clients import tone

FRAME = 960
"""20 ms at 48 kHz."""


def decoded(count: int, timestamp: int = 0, hz: float = 1000) -> list[av.AudioFrame]:
    """Frames as aiortc's decoder makes them: 48 kHz, stereo, 16 bits."""
    moments = np.arange(count * FRAME) / OPUS_HZ
    wave = (16384 * np.sin(2 * np.pi * hz * moments)).astype(np.int16)
    frames = []
    for number in range(count):
        part = np.repeat(wave[number * FRAME : (number + 1) * FRAME], 2)
        frame = av.AudioFrame.from_ndarray(part.reshape(1, -1), "s16", "stereo")
        frame.sample_rate, frame.time_base = OPUS_HZ, Fraction(1, OPUS_HZ)
        frame.pts = timestamp + number * FRAME
        frames.append(frame)
    return frames


def push(downsampler: Downsampler, frames: list[av.AudioFrame]) -> list[tuple[Samples, int]]:
    return [block for frame in frames for block in downsampler.push(frame, 1.0)]


def test_blocks_follow_each_other_and_sound_the_same() -> None:
    blocks = push(Downsampler(), decoded(50))
    assert blocks[0][1] == 0
    for (block, at), (_, following) in zip(blocks, blocks[1:], strict=False):
        assert at + block.size == following
    heard = np.concatenate([block for block, _ in blocks])
    assert heard.size == pytest.approx(RATE_HZ, abs=32)
    expected = tone(1000)[: heard.size]
    assert np.abs(heard - expected)[100:].max() < 0.01


def test_missing_packets_are_missing_on_the_track_and_nothing_else() -> None:
    downsampler = Downsampler()
    push(downsampler, decoded(10))
    ends = push(downsampler, decoded(1, timestamp=15 * FRAME))
    # First what the resampler still held of the earlier sound, then the new.
    assert [at + block.size for block, at in ends[:-1]] == [10 * 320]
    assert ends[-1][1] == 15 * 320


def test_timestamps_that_begin_anew_go_on_where_the_clock_on_the_wall_is() -> None:
    time = TrackTime()
    assert time.place(50_000, 320, arrived=10.0) == 0
    assert time.place(50_320, 320, arrived=10.02) == 320
    assert time.place(7, 320, arrived=12.04) == 640 + 2 * RATE_HZ
    assert time.place(327, 320, arrived=12.06) == 960 + 2 * RATE_HZ


def test_timestamps_far_ahead_are_a_restart_and_no_hour_of_silence() -> None:
    time = TrackTime()
    time.place(0, 320, arrived=10.0)
    assert time.place(2**32 // 3, 320, arrived=10.01) == 320


async def test_silence_is_silent_and_keeps_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "INTERVAL_S", 0.02)
    track = SilenceTrack()
    packets = [await track.recv() for _ in range(3)]
    assert [packet.pts for packet in packets] == [0, 960, 1920]
    decoder = av.AudioCodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.format, decoder.layout = OPUS_HZ, "s16", "mono"
    for packet in packets:
        (frame,) = decoder.decode(packet)
        assert frame.samples == FRAME
        assert not frame.to_ndarray().any()
    track.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()
