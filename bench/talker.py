"""A browser's part in a measurement: Opus as browsers send it, over a real peer connection."""

import asyncio
import time
from fractions import Fraction
from typing import Any

import aiohttp
import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from av import AudioFrame, AudioResampler
from av.audio.codeccontext import AudioCodecContext

from pipeline.audio import RATE_HZ, Samples, samples, seconds
from server.media.addresses import bound_to
from server.media.channels import CHANNELS

_FRAME_S = 0.02
_OPUS_HZ = 48_000
_BITS_PER_S = 32_000
"""What Chromium sends for one microphone when nothing else is negotiated."""


def browser_opus(sound: Samples, **options: str) -> list[bytes]:
    """Return ``sound`` as 20 ms Opus packets: libopus for voice, mono, 32 kbit/s.

    Args:
        sound: 16 kHz mono.
        options: more of the encoder's, as FFmpeg names them: fec, packet_loss, dtx.
    """
    encoder = AudioCodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = _OPUS_HZ, "mono", "s16"
    encoder.bit_rate = _BITS_PER_S
    encoder.options = {"application": "voip", "frame_duration": "20", **options}
    resampler = AudioResampler("s16", "mono", _OPUS_HZ, frame_size=int(_OPUS_HZ * _FRAME_S))
    pcm = (sound * 32767).astype(np.int16).reshape(1, -1)
    frame = AudioFrame.from_ndarray(pcm, "s16", "mono")
    frame.sample_rate = RATE_HZ
    frames = [*resampler.resample(frame), None]
    return [bytes(packet) for one in frames for packet in encoder.encode(one)]


class OpusTrack(MediaStreamTrack):
    """A microphone that sends packets made before, each at its time."""

    kind = "audio"

    def __init__(self, packets: list[bytes]) -> None:
        super().__init__()
        self._packets = packets
        self._sent = 0
        self.began_s: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        """``time.perf_counter()`` at which the sound's first sample was spoken."""

    async def recv(self) -> "av.Packet[Any]":
        if self._sent == 0:
            self.began_s.set_result(time.perf_counter())
        # A packet leaves when its last sample has been spoken, as from a real microphone.
        due_s = self.began_s.result() + (self._sent + 1) * _FRAME_S
        await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
        packet: av.Packet[Any] = av.Packet(self._packets[self._sent % len(self._packets)])
        packet.pts, packet.time_base = self._sent * samples(_FRAME_S), Fraction(1, RATE_HZ)
        self._sent += 1
        return packet


class Talker:
    """One seat's peer connection."""

    def __init__(self, sound: Samples, packets: list[bytes]) -> None:
        self.duration_s = seconds(sound.size)
        self._track = OpusTrack(packets)
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.addTrack(self._track)
        for name in CHANNELS:
            self._connection.createDataChannel(name)

    async def speak(self, client: aiohttp.ClientSession, path: str, token: str) -> float:
        """Connect; return when (``time.perf_counter()``) the first sample was spoken."""
        with bound_to("127.0.0.1"):
            await self._connection.setLocalDescription(await self._connection.createOffer())
        headers = {"Authorization": f"Bearer {token}"}
        body = {"sdp": self._connection.localDescription.sdp}
        async with client.post(f"{path}/offer", json=body, headers=headers) as response:
            response.raise_for_status()
            answer = (await response.json())["sdp"]
        await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        async with asyncio.timeout(15):
            return await self._track.began_s

    async def close(self) -> None:
        await self._connection.close()
