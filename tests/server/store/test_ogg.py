"""What a player hears: everything where it was said, silence in between, nothing invented."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.talker import browser_opus
from pipeline.audio import Samples, samples
from server.media.opus_packet import SILENT_FRAME, duration_of
from server.store.ogg import FRAME, Alignment, write_ogg
from server.store.protocol import Kept
from tests.speech.clips import load

CLIP = load("applicant1_skills.flac").samples
OPUS_HZ = 48_000
PACKETS = browser_opus(CLIP)


def spoken(at_s: float, packets: list[bytes] = PACKETS) -> list[Kept]:
    return [Kept(at_s + number * 0.02, packet) for number, packet in enumerate(packets)]


async def stream(packets: Iterable[Kept]) -> AsyncIterator[Kept]:
    for packet in packets:
        yield packet


def decoded(path: Path) -> Samples:
    """Return what a player hears, at 48 kHz."""
    with av.open(str(path)) as file:
        assert file.duration is not None
        (audio,) = file.streams.audio
        assert audio.codec_context.name in ("opus", "libopus")
        parts = [frame.to_ndarray().reshape(-1) for frame in file.decode(audio)]
        heard: Samples = np.concatenate(parts).astype(np.float32)
        assert file.duration / av.time_base == pytest.approx(heard.size / OPUS_HZ, abs=1e-4)
    return heard


async def test_speech_lies_where_it_was_said_and_silence_is_silent(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    duration_s = await write_ogg(stream([*spoken(3.0), *spoken(70.0)]), path)
    heard = await asyncio.to_thread(decoded, path)
    assert duration_s == pytest.approx(70 + len(PACKETS) * 0.02)
    assert heard.size == round(duration_s * OPUS_HZ)
    length = len(PACKETS) * FRAME
    first, second = heard[3 * OPUS_HZ :][:length], heard[70 * OPUS_HZ :][:length]
    assert not heard[: 3 * OPUS_HZ].any()
    # The decoder rings out for a frame.
    assert not heard[3 * OPUS_HZ + length + 2 * FRAME : 70 * OPUS_HZ].any()
    for one in (first, second):
        at_16_khz = one[::3][: CLIP.size]
        shift = samples(0.0065)  # What the encoder delays.
        alike = np.corrcoef(at_16_khz[shift:], CLIP[: at_16_khz.size - shift])[0, 1]
        assert alike > 0.9


async def test_a_lost_packet_moves_nothing(tmp_path: Path) -> None:
    whole, holed = tmp_path / "whole.ogg", tmp_path / "holed.ogg"
    await write_ogg(stream(spoken(0)), whole)
    await write_ogg(stream([*spoken(0)[:50], *spoken(0)[55:]]), holed)
    first, second = await asyncio.gather(
        asyncio.to_thread(decoded, whole), asyncio.to_thread(decoded, holed)
    )
    assert first.size == second.size
    after = slice(75 * FRAME, None)
    assert np.corrcoef(first[after], second[after])[0, 1] > 0.99


async def test_a_file_is_written_in_place_of_one_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    for _ in range(2):
        await write_ogg(stream(spoken(0)), path)
    heard = await asyncio.to_thread(decoded, path)
    assert heard.size == len(PACKETS) * FRAME


async def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await write_ogg(stream(spoken(0)), tmp_path / "nowhere" / "a.ogg")


async def test_a_long_track_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    async def minutes() -> AsyncIterator[Kept]:
        for number in range(20 * 60 * 50):
            yield Kept(number * 0.02, bytes(bytearray(PACKETS[number % len(PACKETS)])))

    tracemalloc.start()
    try:
        duration_s = await write_ogg(minutes(), tmp_path / "a.ogg")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert duration_s == pytest.approx(1200, abs=0.3)
    assert peak < 2_000_000  # Its packets alone are 5 MB.


def test_silence_is_one_frame_of_silence() -> None:
    assert duration_of(SILENT_FRAME) == FRAME


@given(
    st.lists(
        st.tuples(
            st.floats(-0.5, 3.0, allow_nan=False), st.sampled_from([*PACKETS[:5], b"", b"\xff"])
        ),
        max_size=60,
    )
)
def test_nothing_overlaps_and_nothing_is_further_from_its_place_than_a_frame(
    steps: list[tuple[float, bytes]],
) -> None:
    alignment, end, now_s = Alignment(), 0, 0.0
    for step_s, packet in steps:
        now_s = max(0.0, now_s + step_s)
        for at, size, data in alignment.push(Kept(now_s, packet)):
            assert at == end
            assert size == duration_of(data)
            end = at + size
            if data == packet:
                assert abs(at - now_s * OPUS_HZ) <= FRAME
    assert alignment.end == end


def test_a_drifting_clock_stays_within_a_frame_and_costs_few_packets() -> None:
    alignment, written = Alignment(), 0
    count = 50 * 3600
    for number in range(count):
        found = list(alignment.push(Kept(number * 0.02 * (1 - 100e-6), PACKETS[0])))
        written += len(found)
    assert count - written == pytest.approx(3600 * 100e-6 / 0.02, abs=2)
