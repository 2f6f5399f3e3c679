"""Recordings made in memory, in the containers that browsers record to."""

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import cast

import av
import av.container
import numpy as np

from pipeline.audio import RATE_HZ, Samples

KINDS = {
    "webm": ("webm", "libopus", {"live": "1"}),
    "ogg": ("ogg", "libopus", {"page_duration": "200000"}),
    "mp4": ("mp4", "aac", {}),
    "mp4-fragments": (
        "mp4",
        "aac",
        {"movflags": "empty_moov+default_base_moof", "frag_duration": "250000"},
    ),
    "wav": ("wav", "pcm_s16le", {}),
}
"""Container, encoder and muxer options; ``mp4`` has its index at the end, as files have."""
STREAMABLE = ("webm", "ogg", "mp4-fragments", "wav")


class _Pipe(io.BytesIO):
    """Written front to back, as a recorder writes: sizes are not filled in afterwards."""

    def seekable(self) -> bool:
        return False

    seek = None  # type: ignore[assignment]
    tell = None  # type: ignore[assignment]


def encode(samples: Samples, kind: str, repeat: int = 1) -> bytes:
    """Encode 16 kHz mono samples.

    Args:
        samples: what is recorded.
        kind: one of ``KINDS``.
        repeat: write the encoded packets this often, which makes hours in a moment.
    """
    container, encoder, options = KINDS[kind]
    file = _Pipe() if kind in ("webm", "ogg") else io.BytesIO()
    with av.open(file, "w", format=container, options=options) as output:
        stream = cast(av.AudioStream, output.add_stream(encoder, rate=_rate(encoder)))
        stream.layout = "mono"
        packets = list(_packets(samples, stream))
        length = sum(packet.duration or 0 for packet in packets)
        for turn in range(repeat):
            for packet in packets:
                copy = av.Packet(bytes(packet))
                copy.stream, copy.time_base = stream, packet.time_base
                copy.pts = copy.dts = (packet.pts or 0) + turn * length
                copy.duration = packet.duration or 0
                output.mux(copy)
    return file.getvalue()


def _rate(encoder: str) -> int:
    return RATE_HZ if encoder == "pcm_s16le" else 48_000


def _packets(samples: Samples, stream: av.AudioStream) -> "Iterator[av.Packet[av.AudioStream]]":
    pcm = np.clip(samples * 32767, -32768, 32767).astype(np.int16).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(pcm, "s16", "mono")
    frame.sample_rate, frame.time_base, frame.pts = RATE_HZ, Fraction(1, RATE_HZ), 0
    codec = stream.codec_context
    resampler = av.AudioResampler(codec.format, codec.layout, codec.sample_rate, codec.frame_size)
    for part in (*resampler.resample(frame), *resampler.resample(None)):
        yield from stream.encode(part)
    yield from stream.encode(None)
