"""The receiver of one microphone in aiortc's place: no thread, no queue, one source at a time.

A packet goes its whole way, from the socket to the listener, in one call on the event loop. aiortc
makes one of these instead of its own receiver inside ``receiving``; docs/media.md tells why.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

import aiortc.rtcpeerconnection
import pylibsrtp
from aiortc import RTCDtlsTransport, RTCRtpReceiver
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters
from aiortc.stats import RTCStatsReport

from pipeline.audio import seconds
from server.media.frames import Frame
from server.media.hearer import Hearer, current_hearer
from server.media.ice import QuietConnection
from server.media.opus_packet import OPUS_HZ
from server.media.reception import Reception
from server.media.rtcp import Goodbye, ReportBlock, SenderReport, read_compound, receiver_report
from server.media.rtp import read_header, read_packet
from server.media.sources import MAX_SOURCES, Sources
from server.media.tally import Tally
from server.media.voice import Voice
from server.tasks import Tasks

log = logging.getLogger(__name__)

Unprotect: TypeAlias = Callable[[bytes], bytes]
LEVEL_URI: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
AHEAD_S: Final = 30.0
"""Sound that may be ahead of the clock on the wall: what a network held back for long comes at
once, but nobody speaks faster than time goes, and every second heard costs work."""
REPORT_S: Final = (0.5, 1.5)
"""A report leaves after a time between these: RFC 3550, section 6.2, wants them spread."""


class VoiceReceiver:
    """One microphone: what ``RTCPeerConnection`` needs of a receiver, and nothing else of it."""

    def __init__(self, transport: RTCDtlsTransport, hearer: Hearer) -> None:
        """Wait for ``receive``."""
        self.transport = transport
        self._hearer = hearer
        # aiortc gives a receiver a track to tell of, and says whether it may receive at all; it
        # asks for ``receive`` only if so, and nobody here listens to the track.
        self._track: MediaStreamTrack | None = None
        self._enabled = True
        self._own_ssrc = 0
        self._link: QuietConnection | None = None
        self._is_finished = False
        self._voice = Voice()
        self._sources = Sources()
        self._reception: Reception | None = None
        self._payload_types: frozenset[int] = frozenset()
        self._level_extension: int | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0.0
        self._tasks = Tasks("receiver")
        self._malformed = self._refused = self._replayed = 0
        self._began_s = 0.0
        self._heard_samples = 0
        self._told = Tally()

    @property
    def track(self) -> MediaStreamTrack | None:
        return self._track

    def setTransport(self, transport: RTCDtlsTransport) -> None:
        """Take the transport that the offer's sections share."""
        self.transport = transport

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        self._own_ssrc = ssrc

    async def getStats(self) -> RTCStatsReport:
        """Return the transport's; those of the sound go to ``Hearer.on_tally``."""
        return self.transport._get_stats()

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """Begin to hear: the handshake is done. aiortc asks for it more than once."""
        if self._link is not None or self._is_finished:
            return
        self._began_s = time.monotonic()
        self._payload_types = frozenset(codec.payloadType or 0 for codec in parameters.codecs)
        numbers = {one.uri: one.id for one in parameters.headerExtensions}
        self._level_extension = numbers.get(LEVEL_URI)
        self._tasks.start(self._report(), "report")
        self.hear_reports()

    def hear_reports(self) -> None:
        """Hear at least how the client receives; all of it there is where it sends no sound."""
        if self._link is not None or self._is_finished:
            return
        session: pylibsrtp.Session = self.transport._rx_srtp
        self._unprotect, self._unprotect_rtcp = session.unprotect, session.unprotect_rtcp
        link = self.transport.transport._connection
        assert isinstance(link, QuietConnection)
        self._link = link
        link.hand_media_to(self._take)

    async def stop(self) -> None:
        """Hear nothing any more, and leave nothing behind; idempotent."""
        self.finish()
        await self._tasks.close()

    def finish(self) -> None:
        """Hear nothing any more; what was held back is heard now."""
        if self._is_finished:
            return
        self._fall_silent()
        try:
            while (deadline := self._voice.deadline) is not None:
                for frame in self._voice.advance(deadline):
                    self._hearer.on_frame(frame)
            self._tell_tally()
        except Exception:
            log.exception("The end of a microphone cannot be heard")

    def _fall_silent(self) -> None:
        self._is_finished = True
        if self._link is not None:
            self._link.hand_media_to(None)
        if self._alarm is not None:
            self._alarm.cancel()

    def _take(self, data: bytes) -> None:
        """Take a datagram; whatever it is and whatever happens, nothing escapes."""
        if self._is_finished:
            return
        now = time.monotonic()
        try:
            # RFC 5761, section 4: the second byte tells RTCP from RTP.
            if len(data) > 1 and 192 <= data[1] < 224:
                self._take_rtcp(data, now)
            else:
                self._take_rtp(data, now)
        except Exception:
            self._fail()

    def _take_rtp(self, data: bytes, now: float) -> None:
        header = read_header(data)
        if header is None or header.payload_type not in self._payload_types:
            self._malformed += 1
            return
        is_other = header.ssrc != self._sources.current
        if is_other and not self._sources.is_free(now):
            self._refused += 1
            return
        plain = self._unsealed(self._unprotect, data, now)
        if plain is None:
            return
        if is_other and not self._follow(header.ssrc):
            return
        self._sources.heard(now)
        assert self._reception is not None
        self._reception.push(header.sequence, header.timestamp, now)
        packet = read_packet(plain, self._level_extension)
        if packet is None:
            self._malformed += 1
            return
        self._tell(self._voice.push(packet, now))

    def _take_rtcp(self, data: bytes, now: float) -> None:
        plain = self._unsealed(self._unprotect_rtcp, data, now)
        if plain is None or not self._admit(int.from_bytes(data[4:8])):
            return
        reports = []
        for said in read_compound(plain):
            match said:
                case ReportBlock():
                    reports.append(said)
                case Goodbye(sources):
                    self._sources.say_goodbye(sources)
                case SenderReport(ssrc) if self._reception and ssrc == self._sources.current:
                    self._reception.heard(said, now)
        if reports:
            self._hearer.on_reports(reports)

    def _unsealed(self, unprotect: Unprotect, data: bytes, now: float) -> bytes | None:
        """Return what the client said, who is there then; None: it was not the client, or again."""
        try:
            plain = unprotect(data)
        except pylibsrtp.Error as error:
            # libsrtp's words; the network doubles packets, and nobody else has them to send again.
            if "replay" in str(error):
                self._replayed += 1
            else:
                self._refused += 1
            return None
        if self._link is not None:
            self._link.heard_at = now
        return plain

    def _admit(self, ssrc: int) -> bool:
        """Count a source that libsrtp has begun to remember; end it all if they are too many."""
        if self._sources.admit(ssrc):
            return True
        self._cut_off(f"it came from more than {MAX_SOURCES} sources")
        return False

    def _cut_off(self, why: str) -> None:
        log.warning("A microphone is cut off: %s", why)
        self._fall_silent()
        self._tell_tally()
        self._hearer.on_abuse()

    def _follow(self, ssrc: int) -> bool:
        if not self._admit(ssrc):
            return False
        if self._sources.follow(ssrc):
            self._tell(self._voice.restart())
        self._reception = Reception(ssrc)
        return True

    def _tell(self, frames: Iterable[Frame]) -> None:
        for frame in frames:
            self._heard_samples += frame.samples.size
            self._hearer.on_frame(frame)
        elapsed_s = time.monotonic() - self._began_s
        if seconds(self._heard_samples) > elapsed_s + AHEAD_S and not self._is_finished:
            self._cut_off("it spoke faster than time goes")
            return
        deadline = self._voice.deadline
        if deadline is not None and not self._is_finished:
            self._wake_at(deadline)

    def _wake_at(self, deadline: float) -> None:
        """Look again at ``deadline``; an alarm for an earlier time does as well and sets anew."""
        if self._alarm is not None:
            if self._alarm_at <= deadline:
                return
            self._alarm.cancel()
        self._alarm_at = deadline
        loop = asyncio.get_running_loop()
        self._alarm = loop.call_later(max(0.0, deadline - time.monotonic()), self._wake)

    def _wake(self) -> None:
        self._alarm = None
        try:
            # Loops round time; a moment too early would have to look again and again.
            self._tell(self._voice.advance(max(self._alarm_at, time.monotonic())))
        except Exception:
            self._fail()

    def _fail(self) -> None:
        log.exception("A microphone cannot be heard any more")
        self._fall_silent()
        self._hearer.on_failure()

    async def _report(self) -> None:
        """Tell the sender how it is received, from which it decides how much it repeats."""
        while not self._is_finished:
            await asyncio.sleep(random.uniform(*REPORT_S))
            self._tell_tally()
            if self._reception is None:
                continue
            block = self._reception.report(time.monotonic())
            if block is not None:
                try:
                    await self.transport._send_rtp(receiver_report(self._own_ssrc, block))
                except ConnectionError:
                    return

    def _tell_tally(self) -> None:
        counts = self._voice.counts
        tally = Tally(
            received=counts.received,
            lost=counts.lost,
            recovered=counts.recovered,
            late=counts.late,
            duplicate=counts.duplicate + self._replayed,
            stray=counts.stray,
            malformed=self._malformed + self._voice.undecodable,
            refused=self._refused,
            concealed_s=counts.concealed_samples / OPUS_HZ,
            missing_s=counts.lost_samples / OPUS_HZ,
        )
        if tally != self._told:
            told, self._told = self._told, tally
            self._hearer.on_tally(tally - told)


def make_receiver(kind: str, transport: RTCDtlsTransport) -> Any:
    """Return the receiver that aiortc asks for."""
    found = current_hearer()
    if found is None or kind != "audio":
        return RTCRtpReceiver(kind, transport)
    return VoiceReceiver(transport, found)


# The one place where this is changed; the self-test sees to it that aiortc still uses it.
aiortc.rtcpeerconnection.RTCRtpReceiver = make_receiver  # type: ignore[assignment, attr-defined]
