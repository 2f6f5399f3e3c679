"""Recorded audio into samples: FFmpeg demuxes and decodes, kept to what this project expects.

The bytes come from strangers, so FFmpeg never guesses the format (a playlist would open files and
addresses), opens nothing beyond the bytes it was given, and decodes audio codecs of a short list.
"""

import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO, TypeAlias, cast

import av
import av.container
import av.error
import av.stream
import numpy as np

from pipeline.audio import RATE_HZ, Samples, samples
from pipeline.boxes import check_counts
from pipeline.formats import Format, NotAudio, any_format
from pipeline.waves import plain

AudioPacket: TypeAlias = "av.Packet[av.AudioStream] | av.Packet[av.stream.Stream]"

MAX_DECODED_S = 4 * 3600.0
"""Longest audio taken out of one recording: 64 MiB can be made to claim a thousand hours."""
MAX_CHANNELS = 8
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 4_000, 384_000
"""Outside of this, resampling turns a few bytes into minutes, or it is no recording of speech."""
CODECS = frozenset(
    ("opus", "libopus", "aac", "aac_fixed", "vorbis", "flac", "alac", "mp3", "mp3float")
    + ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le")
    + ("pcm_alaw", "pcm_mulaw", "pcm_s16be", "pcm_s24be", "pcm_f32be")
)
OPUS = frozenset(("opus", "libopus"))
OPUS_RATE_HZ = 48_000
"""Opus counts in this rate whatever it was fed with (RFC 7845, section 3)."""


class Recording:
    """One opened container and its first audio stream."""

    def __init__(self, source: BinaryIO | bytes, kind: Format) -> None:
        self._kind = kind
        if kind is Format.MP4 and isinstance(source, bytes):
            check_counts(source)
        if kind is Format.WAV and isinstance(source, bytes):
            source = plain(source)
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        try:
            self._opened = av.open(
                _Nameless(file),
                "r",
                format=kind.value,
                options={
                    "codec_whitelist": ",".join(sorted(CODECS)),
                    "protocol_whitelist": "none",
                    # The header says all there is to know, so nothing is read ahead for guessing.
                    "probesize": "4096",
                    "analyzeduration": "0",
                }
                | ({"enable_drefs": "0", "use_absolute_path": "0"} if kind is Format.MP4 else {}),
                metadata_errors="replace",
                io_open=_open_nothing_else,
            )
        except (av.error.FFmpegError, OSError, ValueError, EOFError) as error:
            raise NotAudio(f"The recording cannot be opened as {kind.name}.") from error
        try:
            self.stream = self._checked()
        except NotAudio:
            self._opened.close()
            raise

    def _checked(self) -> av.AudioStream:
        if not self._opened.streams.audio:
            raise NotAudio("The recording holds no audio track.")
        stream = self._opened.streams.audio[0]
        # PyAV's types leave out that a codec unknown to FFmpeg has no context.
        codec = cast("av.AudioCodecContext | None", stream.codec_context)
        if codec is None or codec.name not in CODECS:
            raise NotAudio("The audio of the recording is in a codec that is not supported.")
        if not LOWEST_RATE_HZ <= codec.sample_rate <= HIGHEST_RATE_HZ:
            raise NotAudio(f"A sample rate of {codec.sample_rate} Hz is not supported.")
        if not 1 <= codec.channels <= MAX_CHANNELS:
            raise NotAudio(f"{codec.channels} channels are not supported.")
        if self._kind is Format.MP4 and codec.name in OPUS and codec.extradata:
            # Chromium's MP4 asks to skip 80 ms where its encoder delays by 7 ms (measured with
            # Chromium 156 against its WebM and PCM): the difference would be the first syllable.
            codec.extradata = codec.extradata[:10] + bytes(2) + codec.extradata[12:]
        return stream

    def packets(self) -> Iterator[AudioPacket]:
        """Every whole packet of the audio stream; a recording cut short ends where it was cut."""
        try:
            for packet in self._opened.demux(self.stream):
                # FFmpeg marks what the end cut short; of PCM the part is as good as the whole.
                if packet.size and not (packet.is_corrupt and self._kind is not Format.WAV):
                    yield packet
        except (av.error.FFmpegError, OSError, EOFError):
            return  # Rubbish after good packets: what came before it stands.

    def close(self) -> None:
        self._opened.close()


def bare(packet: AudioPacket) -> AudioPacket:
    """The packet without what its container says about it, such as samples to skip."""
    return av.Packet(bytes(packet))


class Decoder:
    """Packets of one stream into 16 kHz mono; keeps the codec's state from packet to packet."""

    def __init__(self, stream: av.AudioStream) -> None:
        self._codec = stream.codec_context
        self._codec.thread_count = 1  # Speech decodes a hundred times faster than it is spoken.
        self._resampler: av.AudioResampler | None = None
        self._shape: tuple[int, str, str] | None = None
        self.decoded = 0
        self.damaged = 0

    def push(self, packet: "AudioPacket | None") -> Iterator[Samples]:
        """Decode one packet, or with None what the codec still holds (then it is spent)."""
        try:
            frames = self._codec.decode(packet)
        except (av.error.FFmpegError, ValueError):
            self.damaged += 1  # One damaged packet is a click, not the end of the recording.
            return
        self.decoded += len(frames)
        for frame in frames:
            shape = (frame.sample_rate, frame.layout.name, frame.format.name)
            if shape != self._shape:  # AAC may turn out to be HE-AAC with its first packet.
                yield from self.drain()
                _check_rate(frame)
                self._shape = shape
            yield from self._resample(frame)

    def drain(self) -> Iterator[Samples]:
        """The last millisecond, which the resampler holds back for its filter."""
        if self._resampler is not None:
            yield from self._resample(None)
        self._resampler = None

    def _resample(self, frame: av.AudioFrame | None) -> Iterator[Samples]:
        if self._resampler is None:
            self._resampler = av.AudioResampler("fltp", None, RATE_HZ)
        if frame is not None:
            frame.pts = None  # Samples are counted; a jump of the timestamps is no silence here.
        for part in self._resampler.resample(frame):
            # FFmpeg would add both channels of a doubled mono at +3 dB; the mean cannot clip.
            mono = part.to_ndarray().mean(axis=0, dtype=np.float32)
            yield np.clip(np.nan_to_num(mono, nan=0.0), -1.0, 1.0)


def in_blocks(parts: Iterable[Samples]) -> Iterator[Samples]:
    """Join parts of any length to blocks of one second; the last one is what is left."""
    held: list[Samples] = []
    size = 0
    for part in parts:
        held.append(part)
        size += part.size
        if size >= RATE_HZ:
            joined = np.concatenate(held)
            whole = size // RATE_HZ * RATE_HZ
            yield from joined[:whole].reshape(-1, RATE_HZ)
            held, size = [joined[whole:]], size - whole
    if size:
        yield np.concatenate(held)


def bounded(parts: Iterable[Samples]) -> Iterator[Samples]:
    """Pass samples on, up to the longest recording that is taken."""
    left = samples(MAX_DECODED_S)
    for part in parts:
        left -= part.size
        if left < 0:
            raise NotAudio(f"The recording is longer than {MAX_DECODED_S / 3600:.0f} hours.")
        yield part


def decode(source: BinaryIO | bytes) -> Iterator[Samples]:
    """Decode a whole recording in blocks of up to one second, without holding it in memory.

    Args:
        source: the bytes, or a binary file that can seek, of one of ``Format``.
    """
    if isinstance(source, bytes):
        kind = any_format(source[:16])
    else:
        kind = any_format(source.read(16))
        source.seek(0)
    if kind is None:
        raise NotAudio("The bytes are no recording of a supported format.")
    recording = Recording(source, kind)
    try:
        decoder = Decoder(recording.stream)
        yield from in_blocks(bounded(_all(recording, decoder)))
    finally:
        recording.close()
    if decoder.damaged and not decoder.decoded:
        raise NotAudio("The audio of the recording is damaged.")


def _all(recording: Recording, decoder: Decoder) -> Iterator[Samples]:
    for packet in recording.packets():
        yield from decoder.push(packet)
    yield from decoder.push(None)
    yield from decoder.drain()


def duration_s(data: bytes) -> float:
    """Add up how long the packets of a whole recording last, without decoding them."""
    kind = any_format(data[:16])
    if kind is None:
        raise NotAudio("The bytes are no recording of a supported format.")
    recording = Recording(data, kind)
    total_s = 0.0
    try:
        for packet in recording.packets():
            total_s += _lasts_s(packet, recording.stream)
            if total_s > MAX_DECODED_S:
                break
    finally:
        recording.close()
    return total_s


def _lasts_s(packet: AudioPacket, stream: av.AudioStream) -> float:
    codec = stream.codec_context
    if codec.name in OPUS:  # Chromium's MP4 states durations that are not so.
        return opus_samples(bytes(packet)[:2]) / OPUS_RATE_HZ
    if packet.duration and packet.time_base:
        return float(packet.duration * packet.time_base)
    return codec.frame_size / codec.sample_rate


def opus_samples(head: bytes) -> int:
    """Samples at 48 kHz in a packet that starts with these two bytes (RFC 6716, section 3.1)."""
    config, code = head[0] >> 3, head[0] & 3
    if config < 12:
        frame = (480, 960, 1920, 2880)[config % 4]
    elif config < 16:
        frame = (480, 960)[config % 2]
    else:
        frame = (120, 240, 480, 960)[config % 4]
    if code == 3:
        return frame * (head[1] & 63) if len(head) > 1 else 0
    return frame if code == 0 else 2 * frame


def _check_rate(frame: av.AudioFrame) -> None:
    if not LOWEST_RATE_HZ <= frame.sample_rate <= HIGHEST_RATE_HZ:
        raise NotAudio(f"A sample rate of {frame.sample_rate} Hz is not supported.")
    if len(frame.layout.channels) > MAX_CHANNELS:
        raise NotAudio(f"{len(frame.layout.channels)} channels are not supported.")


class _Nameless:
    """A file without a name, so that FFmpeg has no path to resolve others against."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _open_nothing_else(*_: object) -> object:
    raise PermissionError("a recording may not refer to other files")
