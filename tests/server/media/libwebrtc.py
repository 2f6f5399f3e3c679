"""A browser's part, played by the engine of Chromium and Safari: libwebrtc, from ``wrtc``."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np

from bench.udp_proxy import UdpProxy
from pipeline.audio import RATE_HZ, Samples
from server.media.channels import CHANNELS
from server.media.peer import Peer, PeerConfig
from tests.server.media.clients import CONFIG, Noted, eventually

try:
    import webrtc
except ModuleNotFoundError as error:  # pragma: no cover
    raise RuntimeError(
        "The second WebRTC engine of the tests is not installed: pip install 'wrtc==0.1.0'"
    ) from error

# For the whole process, and before the first connection.
webrtc.allow_loopback()

BLOCK = RATE_HZ // 100
"""libwebrtc takes sound in blocks of 10 ms."""


class Microphone:
    """A track into which samples are spoken in real time, over and over, until it is closed."""

    def __init__(self, samples: Samples) -> None:
        self.track = webrtc.MediaStreamTrackGenerator("audio")
        self._writer = self.track.writable.get_writer()
        self._pcm = (samples * 32767).astype(np.int16)
        self._speaking = asyncio.create_task(self._speak())

    async def _speak(self) -> None:
        began_s, count = time.monotonic(), 0
        while True:
            start = count * BLOCK
            pcm = self._pcm.take(np.arange(start, start + BLOCK), mode="wrap")
            block = webrtc.AudioDataInit("s16", RATE_HZ, BLOCK, 1, count * 10_000, pcm.tobytes())
            await self._writer.write(webrtc.AudioData(block))
            count += 1
            await asyncio.sleep(max(0.0, began_s + count * BLOCK / RATE_HZ - time.monotonic()))

    async def close(self) -> None:
        self._speaking.cancel()
        await asyncio.gather(self._speaking, return_exceptions=True)


class Libwebrtc:
    """What a page does: one microphone, two channels, one offer."""

    def __init__(
        self, *, speaks: Samples | None = None, channels: tuple[str, ...] = CHANNELS
    ) -> None:
        self.connection = webrtc.RTCPeerConnection(webrtc.RTCConfiguration(ice_servers=[]))
        self.received: asyncio.Queue[tuple[str, str | bytes]] = asyncio.Queue()
        self.microphone = None if speaks is None else Microphone(speaks)
        self.sender = None
        if self.microphone is not None:
            self.sender = self.connection.add_track(self.microphone.track)
        self.channels = {name: self._channel(name) for name in channels}

    async def offer(self) -> str:
        await self.connection.set_local_description(await self.connection.create_offer())
        description = self.connection.local_description
        assert description is not None
        return description.sdp

    async def take(self, answer: str) -> None:
        await self.connection.set_remote_description(
            webrtc.RTCSessionDescriptionInit(webrtc.RTCSdpType.answer, answer)
        )

    async def say(self, channel: str, message: str | bytes) -> None:
        """Send once the channel is open."""
        await eventually(lambda: self.state_of(channel) == "open")
        self.channels[channel].send(message)

    def state_of(self, channel: str) -> str:
        return self.channels[channel].ready_state.value

    def transform(self, change: Callable[[bytes], bytes]) -> None:
        """Let ``change`` see every encoded frame of the microphone before it is sent."""
        assert self.sender is not None

        async def work(event: webrtc.RTCTransformEvent) -> None:
            writer = event.transformer.writable.get_writer()
            async for frame in event.transformer.readable:
                frame.data = change(bytes(frame.data))
                await writer.write(frame)

        self.sender.transform = webrtc.RTCRtpScriptTransform(work)

    async def close(self) -> None:
        if self.microphone is not None:
            await self.microphone.close()
        self.connection.close()

    def _channel(self, name: str) -> webrtc.RTCDataChannel:
        channel = self.connection.create_data_channel(name)

        def heard(event: webrtc.MessageEvent) -> None:
            assert isinstance(event.data, str | bytes)
            self.received.put_nowait((name, event.data))

        channel.on("message", heard)
        return channel


@asynccontextmanager
async def connected(
    client: Libwebrtc,
    noted: Noted,
    config: PeerConfig = CONFIG,
    *,
    proxy: UdpProxy | None = None,
    changed: Callable[[str], str] = str,
) -> AsyncIterator[Peer]:
    """Offer, answer, connect; close both sides in the end.

    Args:
        client: offers.
        noted: listens.
        config: the peer's.
        proxy: the network between them.
        changed: what the client reads instead of the answer.
    """
    try:
        peer, answer = await Peer.answer(await client.offer(), noted, config)
        try:
            await client.take(changed(answer if proxy is None else proxy.route(answer)))
            await noted.until("connected")
            yield peer
        finally:
            await peer.close()
    finally:
        await client.close()
