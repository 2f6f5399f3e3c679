"""Somebody with a page on a train: a microphone that goes on whatever becomes of the connection.

They keep what they said, come back with the token of their last answer, and send again what the
server has missed, as the page does.
"""

import asyncio
import contextlib
import json
import time
from fractions import Fraction
from typing import Any, Final

import aiohttp
import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from bench.tunnel import Tunnel
from pipeline.audio import RATE_HZ, Samples, samples, seconds
from server.media.addresses import bound_to
from server.media.channels import CHANNELS
from server.paths import session_path

_FRAME_S: Final = 0.02
_BEFORE_S: Final = 2.0
"""Sent again before what is missed, so that the server finds the place."""
_AFTER_S: Final = 0.7
_KEPT_S: Final = 45.0
_CONNECT_S: Final = 20.0


class Voice:
    """What somebody says, from one moment on."""

    def __init__(self, sound: Samples, packets: list[bytes]) -> None:
        """Begin to speak now.

        Args:
            sound: 16 kHz mono.
            packets: the same, as a browser sends it.
        """
        self.began_s = time.perf_counter()
        self.sound = sound
        self.packets = packets

    @property
    def said_s(self) -> float:
        return time.perf_counter() - self.began_s

    async def wait(self, until_s: float) -> None:
        """Wait until so much has been said."""
        await asyncio.sleep(max(0.0, until_s - self.said_s))

    def kept(self, start_s: float, end_s: float) -> tuple[float, bytes]:
        """Return what is still kept of a part of it, as 16-bit samples, and where that begins."""
        start_s = max(start_s, 0.0, self.said_s - _KEPT_S)
        part = self.sound[samples(start_s) : samples(end_s)]
        return start_s, (part * 32767).astype("<i2").tobytes()


class _Microphone(MediaStreamTrack):
    """One connection's part of a voice: from when it has come up."""

    kind = "audio"

    def __init__(self, voice: Voice) -> None:
        super().__init__()
        self._voice = voice
        self._next: int | None = None

    async def recv(self) -> "av.Packet[Any]":
        if self._next is None:
            self._next = int(self._voice.said_s / _FRAME_S)
        # A packet leaves when its last sample has been spoken.
        await self._voice.wait((self._next + 1) * _FRAME_S)
        packets = self._voice.packets
        packet: av.Packet[Any] = av.Packet(packets[min(self._next, len(packets) - 1)])
        packet.pts, packet.time_base = self._next * samples(_FRAME_S), Fraction(1, RATE_HZ)
        self._next += 1
        return packet


class Passenger:
    """One person's page; everything between it and the server goes through a tunnel."""

    def __init__(self, voice: Voice, session: str, token: str, tunnel: Tunnel) -> None:
        """Prepare; ``ride`` connects."""
        self.sent_again_s = 0.0
        self.answers: list[int] = []
        """The status of each time that something was sent again."""
        self._voice = voice
        self._session = session
        self._tunnel = tunnel
        headers = {"Authorization": f"Bearer {token}"}
        self._http = aiohttp.ClientSession(tunnel.url, headers=headers)
        self._resume: str | None = None
        self._connections: list[RTCPeerConnection] = []
        self._sending = asyncio.TaskGroup()

    async def __aenter__(self) -> "Passenger":
        await self._sending.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        for connection in self._connections:
            await connection.close()
        await self._sending.__aexit__(*error)
        await self._http.close()

    async def connect(self) -> None:
        """Open a connection, with which the ones before end."""
        earlier, self._connections = self._connections, []
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connections.append(connection)
        connection.addTrack(_Microphone(self._voice))
        channels = {name: connection.createDataChannel(name) for name in CHANNELS}
        opened = asyncio.Event()
        channels["interview"].on("open", opened.set)
        with bound_to("127.0.0.1"):
            await connection.setLocalDescription(await connection.createOffer())
        sdp = connection.localDescription.sdp
        body = {"sdp": sdp, "resume": self._resume, "can_resend": True}
        async with self._http.post(session_path(self._session, "offer"), json=body) as response:
            response.raise_for_status()
            answer = await response.json()
        self._resume = answer["resume"]
        for channel in channels.values():
            channel.on("message", lambda text: self._hear(text, answer["connection"]))
        routed = await self._tunnel.route(answer["sdp"])
        await connection.setRemoteDescription(RTCSessionDescription(routed, "answer"))
        async with asyncio.timeout(_CONNECT_S):
            await opened.wait()
        for one in earlier:
            await one.close()

    async def lose(self) -> None:
        """Give the connection up, as pages do when nothing has come for a while."""
        for connection in self._connections:
            await connection.close()
        self._connections.clear()

    def _hear(self, text: str, connection: str) -> None:
        message = json.loads(text)
        if message["type"] == "missed":
            offset_s = message["now"] - self._voice.said_s
            self._sending.create_task(self._send_again(message, connection, offset_s))

    async def _send_again(self, missed: dict[str, Any], connection: str, offset_s: float) -> None:
        """Send what was missed; ``offset_s``: the session's second at which the voice began."""
        end_s = missed["end"] + _AFTER_S - offset_s
        await self._voice.wait(end_s)
        start_s, body = self._voice.kept(missed["start"] - _BEFORE_S - offset_s, end_s)
        place = {"connection": connection, "start": f"{start_s + offset_s:.3f}", "rest": "0"}
        path = session_path(self._session, "backfill")
        headers = {"Content-Type": "application/octet-stream"}
        with contextlib.suppress(aiohttp.ClientConnectionError):
            async with self._http.post(path, params=place, data=body, headers=headers) as response:
                self.answers.append(response.status)
        self.sent_again_s += seconds(np.frombuffer(body, "<i2").size)
