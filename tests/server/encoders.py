"""Encoders that speak WHIP: Debian's ``whip-client`` as a process, and what encoders offer."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import soundfile
from aioice.ice import get_host_addresses

from pipeline.audio import RATE_HZ, Samples
from tests.server.conftest import Client
from tests.server.talk import link

PROGRAM: Final = "whip-client"
STOP_S: Final = 10.0
_LIBNICE: Final = "libnice.so.10"
_FINGERPRINT: Final = ":".join(["5A"] * 32)

ENCODER: Final = f"""\
v=0
o=- 1 0 IN IP4 0.0.0.0
s=-
t=0 0
a=ice-options:trickle
m=audio 9 UDP/TLS/RTP/SAVPF 100
c=IN IP4 0.0.0.0
a=setup:actpass
a=ice-ufrag:encoderencoderencoderencoder
a=ice-pwd:passwordpasswordpasswordpassword
a=rtcp-mux
a=rtcp-rsize
a=sendonly
a=rtpmap:100 OPUS/48000/2
a=rtcp-fb:100 transport-cc
a=fmtp:100 sprop-stereo=0;sprop-maxcapturerate=48000
a=ssrc:1 msid:one two
a=ssrc:1 cname:one
a=mid:audio0
a=fingerprint:sha-256 {_FINGERPRINT}
a=rtcp-mux-only
"""
"""Offered like GStreamer's webrtcbin, which ``whip-client`` is built on: no BUNDLE group."""

STUDIO: Final = f"""\
v=0
o=rtc 1 0 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=group:LS 0 1
a=msid-semantic:WMS *
a=ice-options:ice2,trickle
a=fingerprint:sha-256 {_FINGERPRINT}
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:0
a=sendonly
a=ssrc:1 cname:x
a=msid:s s-audio
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1
a=setup:actpass
a=ice-ufrag:stud
a=ice-pwd:passwordpasswordpassword
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=mid:1
a=sendonly
a=ssrc:2 cname:x
a=msid:s s-video
a=rtcp-mux
a=rtpmap:96 H264/90000
a=rtcp-fb:96 nack pli
a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1
a=setup:actpass
a=ice-ufrag:stud
a=ice-pwd:passwordpasswordpassword
"""
"""Offered like libdatachannel, which OBS Studio is built on: sound and a picture."""


def bearer(client: Client, seat: str | None = None, role: str | None = None) -> dict[str, str]:
    """Return the headers of a link of session ``s1``; without a seat, of a room microphone."""
    role = role if seat or role else "microphone"
    return {"Authorization": f"Bearer {link(client, 's1', seat=seat, role=role)}"}


class WhipClient:
    """A running ``whip-client``, which reads a recording as if it were spoken."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._reading = asyncio.create_task(self._read())
        self.said = ""
        """What it has printed so far."""

    async def stop(self) -> None:
        """Let it end its connection, as Ctrl-C does."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        await asyncio.wait_for(self._process.wait(), STOP_S)
        await self._reading

    async def kill(self) -> None:
        """End it without a word to anybody."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self.said += line.decode(errors="replace")


@contextlib.asynccontextmanager
async def whip_client(
    folder: Path, url: str, token: str, speech: Samples, *options: str
) -> AsyncIterator[WhipClient]:
    """Run ``whip-client``, which speaks ``speech``; skip the test where it is not installed.

    Args:
        folder: for what it needs.
        url: of the endpoint.
        token: the link.
        speech: 16 kHz mono.
        options: more of its command line.
    """
    if shutil.which(PROGRAM) is None:
        pytest.skip(f"{PROGRAM} (Debian: simple-whip-client) is not installed")
    if not get_host_addresses(use_ipv4=True, use_ipv6=True):
        pytest.skip("GStreamer meets nobody on a machine that has no address but 127.0.0.1")
    recording = folder / "spoken.wav"
    await asyncio.to_thread(soundfile.write, recording, speech, RATE_HZ, subtype="PCM_16")
    # Without a clock the whole recording would be sent at once.
    audio = (
        f"filesrc location={recording} ! wavparse ! clocksync ! audioconvert ! audioresample ! "
        "queue ! opusenc ! rtpopuspay pt=100 ssrc=1 ! queue ! "
        "application/x-rtp,media=audio,encoding-name=OPUS,payload=100"
    )
    process = await asyncio.create_subprocess_exec(
        *("stdbuf", "-oL", PROGRAM, "--disable-colors", *options),
        *("--url", url, "--token", token, "--audio", audio),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"LD_LIBRARY_PATH": str(await asyncio.to_thread(_mended, folder))},
    )
    client = WhipClient(process)
    try:
        yield client
    finally:
        await client.kill()


def _mended(folder: Path) -> Path:
    """Return a folder with a copy of libnice that opens no ports of routers (UPnP).

    In Debian 12 whip-client uses libsoup 2, and libnice's UPnP uses libsoup 3, which ends any
    process that has both: the program cannot send anything there as it comes. Without UPnP the
    second one is never loaded. Delete this when Debian 12 is not tested on any more.
    """
    libraries = folder / "libraries"
    libraries.mkdir(exist_ok=True)
    for found in Path("/usr/lib").glob(f"*/{_LIBNICE}"):
        code = found.read_bytes()
        # A function that returns nothing, and a library that is there anyway.
        code = _renamed(code, rb"gupnp_\w+", b"dlerror")
        code = _renamed(code, rb"libgupnp[\w.-]+", b"libc.so.6")
        (libraries / _LIBNICE).write_bytes(code)
    return libraries


def _renamed(code: bytes, name: bytes, other: bytes) -> bytes:
    """Return a library's code with ``other`` in the place of each name that matches."""

    def padded(match: re.Match[bytes]) -> bytes:
        return other.ljust(len(match[0]), b"\0")

    return re.sub(rb"(?<=\0)%s(?=\0)" % name, padded, code)


def repeated(speech: Samples, pause_s: float = 1.2, times: int = 4) -> Samples:
    """Return speech with silence before and after, several times: its beginning may be lost."""
    silence = np.zeros(int(pause_s * RATE_HZ), np.float32)
    return np.tile(np.concatenate((silence, speech, silence)), times)
