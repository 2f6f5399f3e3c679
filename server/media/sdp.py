"""What is taken from an offer and said in an answer; texts in, texts out.

An offer is not filtered but written anew from the few facts that are needed, each checked: what
somebody else put in it never reaches aiortc's parser.
"""

import ipaddress
import re
from dataclasses import dataclass, field

from server.errors import ClientError, ErrorCode

MAX_OFFER_BYTES = 64 * 1024
MIN_MESSAGE_BYTES = 48 * 1024
"""What a receiver has to accept: the server's messages are as long."""
DEFAULT_MESSAGE_BYTES = 64 * 1024
"""RFC 8841, section 6.1."""
MAX_RECEIVED_BYTES = 64 * 1024
"""The longest message that clients are told they may send; browsers keep to it."""
OPUS_PARAMETERS = "minptime=10;useinbandfec=1;stereo=0;usedtx=0;maxaveragebitrate=32000"
"""What the server likes to receive (RFC 7587, section 6.1): one channel, forward error correction,
and packets in silence too, because an end of speech without packets is noticed late."""
EXTENSIONS = (
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
)
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
DIGESTS = ("sha-256", "sha-384", "sha-512")

_MEDIA = re.compile(r"([a-z]{1,16}) (\d{1,5}) ([A-Z/]{1,32}) (.{1,512})", re.ASCII)
_MID = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,32}")
_UFRAG = re.compile(r"[\x21-\x7e]{4,256}")
_PASSWORD = re.compile(r"[\x21-\x7e]{22,256}")
_FINGERPRINT = re.compile(r"(\S{1,16}) ([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){19,63})")
_OPUS = re.compile(r"(\d{1,3}) opus/48000/2", re.ASCII | re.IGNORECASE)
_EXTENSION = re.compile(r"(\d{1,2})(?:/[a-z]{1,8})? (\S{1,128})(?: .*)?", re.ASCII)
_HOST_CANDIDATE = re.compile(r"(a=candidate:\S+ \d+ \S+ \d+ )(\S+)( \d+ typ host.*)")
_CONNECTION = re.compile(r"(c=IN IP[46] )(\S+)")


class BadOffer(ClientError):
    """The offer cannot be answered; the sentence says what is wrong with it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(ErrorCode.BAD_OFFER, sentence, status=422)


@dataclass(frozen=True, slots=True)
class _Section:
    """One m-line, or the session's part, with its attributes in their order."""

    media: str = ""
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def first(self, name: str) -> str | None:
        return next(iter(self.attributes.get(name, ())), None)


@dataclass(frozen=True, slots=True)
class _Transport:
    """How the other side is reached and known; one for all sections, which are bundled."""

    ufrag: str
    password: str
    fingerprints: tuple[str, ...]
    setup: str

    def lines(self) -> list[str]:
        return [
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            *(f"a=fingerprint:{fingerprint}" for fingerprint in self.fingerprints),
            f"a=setup:{self.setup}",
        ]


def clean_offer(sdp: str) -> str:
    """Return an offer that asks for the same and contains nothing else.

    At most one section of sound and one of data are left, without candidates: the server is
    found by the client, never the other way round, so that nobody can send it to third addresses.
    The client becomes the active side of DTLS, because aiortc as the active side fails with RSA
    certificates.

    Raises:
        BadOffer: whatever is wrong with it.
    """
    if len(sdp) > MAX_OFFER_BYTES or len(sdp.encode(errors="replace")) > MAX_OFFER_BYTES:
        raise BadOffer("The offer is too long; 64 KiB are the limit.")
    session, *sections = _sections(sdp)
    if not sections:
        raise BadOffer("This is no SDP offer: it has no m-line.")
    kinds = [section.media.partition(" ")[0] for section in sections]
    if not set(kinds) <= {"audio", "application"}:
        raise BadOffer("Only sound and data are accepted: one audio and one application m-line.")
    if len(set(kinds)) != len(kinds):
        raise BadOffer("At most one audio and one application m-line are accepted.")
    mids = [_mid(section) for section in sections]
    if len(sections) > 1:
        _check_bundle(session, mids)
    transport = _transport(session, sections)
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mids)}"]
    for kind, mid, section in zip(kinds, mids, sections, strict=True):
        write = _audio if kind == "audio" else _application
        lines += [*write(section), "c=IN IP4 0.0.0.0", f"a=mid:{mid}", *transport.lines()]
    return "\r\n".join(lines) + "\r\n"


def sends_sound(sdp: str) -> bool:
    """Return whether the offer's sender means to send sound; False for what is no offer."""
    if len(sdp) > MAX_OFFER_BYTES:
        return False
    audio = [section for section in _sections(sdp)[1:] if section.media.startswith("audio ")]
    return any(_direction(section) in ("sendrecv", "sendonly") for section in audio)


def finish_answer(sdp: str, announced_address: str | None = None) -> str:
    """Return aiortc's answer with what aiortc cannot say.

    Args:
        sdp: the answer.
        announced_address: replaces the addresses of host candidates of its IP version.
    """
    lines = []
    for line in sdp.splitlines():
        if line.startswith("a=max-message-size:"):
            line = f"a=max-message-size:{MAX_RECEIVED_BYTES}"
        lines.append(_announce(line, announced_address) if announced_address else line)
        if line.startswith("a=rtpmap:") and (opus := _OPUS.fullmatch(line[len("a=rtpmap:") :])):
            lines.append(f"a=fmtp:{opus[1]} {OPUS_PARAMETERS}")
    return "\r\n".join(lines) + "\r\n"


def _sections(sdp: str) -> list[_Section]:
    sections = [_Section()]
    for line in sdp.splitlines():
        if line.startswith("m="):
            sections.append(_Section(line[2:]))
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            sections[-1].attributes.setdefault(name, []).append(value)
    return sections


def _mid(section: _Section) -> str:
    mid = section.first("mid")
    if mid is None or not _MID.fullmatch(mid):
        raise BadOffer("Every m-line of the offer needs an a=mid.")
    return mid


def _check_bundle(session: _Section, mids: list[str]) -> None:
    groups = (value.split() for value in session.attributes.get("group", ()))
    bundled = {mid for name, *rest in filter(None, groups) if name == "BUNDLE" for mid in rest}
    if len(set(mids)) != len(mids) or not bundled.issuperset(mids):
        raise BadOffer("Sound and data need to share one transport: a=group:BUNDLE.")


def _transport(session: _Section, sections: list[_Section]) -> _Transport:
    # Bundled sections may leave out what the first one says (RFC 9143, section 7.1.3).
    def found(name: str) -> list[str]:
        return sections[0].attributes.get(name) or session.attributes.get(name) or []

    ufrag, password = (next(iter(found(name)), "") for name in ("ice-ufrag", "ice-pwd"))
    if not _UFRAG.fullmatch(ufrag) or not _PASSWORD.fullmatch(password):
        raise BadOffer("The offer needs a=ice-ufrag and a=ice-pwd.")
    matches = (_FINGERPRINT.fullmatch(value) for value in found("fingerprint")[:8])
    fingerprints = tuple(
        f"{match[1].lower()} {match[2].upper()}"
        for match in matches
        if match and match[1].lower() in DIGESTS
    )
    if not fingerprints:
        raise BadOffer("The offer needs an a=fingerprint of sha-256, sha-384 or sha-512.")
    match found("setup")[:1]:
        case ["actpass" | "active"]:
            setup = "active"
        case ["passive"]:
            setup = "passive"
        case _:
            raise BadOffer("The offer needs a=setup:actpass.")
    return _Transport(ufrag, password, fingerprints, setup)


def _audio(section: _Section) -> list[str]:
    media = _media(section)
    if "RTP/SAVP" not in media[3] or "rtcp-mux" not in section.attributes:
        raise BadOffer("Sound is accepted as UDP/TLS/RTP/SAVPF with a=rtcp-mux.")
    formats = media[4].split()
    opus = (_OPUS.fullmatch(value) for value in section.attributes.get("rtpmap", ()))
    payload = next((match[1] for match in opus if match and match[1] in formats), None)
    if payload is None or not 96 <= int(payload) <= 127:
        raise BadOffer("The offer needs Opus: a=rtpmap with opus/48000/2.")
    lines = [f"m=audio 9 UDP/TLS/RTP/SAVPF {payload}", "a=rtcp-mux"]
    lines.append(f"a=rtpmap:{payload} opus/48000/2")
    return [*lines, f"a={_direction(section)}", *_extensions(section)]


def _direction(section: _Section) -> str:
    return next((name for name in DIRECTIONS if name in section.attributes), "sendrecv")


def _extensions(section: _Section) -> list[str]:
    taken: dict[str, str] = {}
    for value in section.attributes.get("extmap", ()):
        match = _EXTENSION.fullmatch(value)
        # 1 to 14 fit the one-byte header (RFC 8285, section 4.2).
        if match and match[2] in EXTENSIONS and 1 <= int(match[1]) <= 14:
            taken.setdefault(match[1], match[2])
    return [f"a=extmap:{number} {name}" for number, name in taken.items()]


def _application(section: _Section) -> list[str]:
    media = _media(section)
    port = section.first("sctp-port") or ""
    if (
        "DTLS/SCTP" not in media[3]
        or media[4] != "webrtc-datachannel"
        or not _is_number(port, 65535)
    ):
        raise BadOffer("Data is accepted as UDP/DTLS/SCTP webrtc-datachannel with a=sctp-port.")
    limit = section.first("max-message-size") or str(DEFAULT_MESSAGE_BYTES)
    if not _is_number(limit, 2**64) or 0 < int(limit) < MIN_MESSAGE_BYTES:
        raise BadOffer("Data channels need to accept messages of 48 KiB: a=max-message-size.")
    return [
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        f"a=sctp-port:{int(port)}",
        f"a=max-message-size:{int(limit)}",
    ]


def _media(section: _Section) -> re.Match[str]:
    media = _MEDIA.fullmatch(section.media)
    if media is None or (media[2] == "0" and "bundle-only" not in section.attributes):
        raise BadOffer("An m-line of the offer is rejected or cannot be read.")
    return media


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 20 and int(text) <= most


def _announce(line: str, address: str) -> str:
    for pattern in (_HOST_CANDIDATE, _CONNECTION):
        if (match := pattern.fullmatch(line)) and _same_version(match[2], address):
            return "".join((match[1], address, *match.groups()[2:]))
    return line


def _same_version(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_address(one).version == ipaddress.ip_address(other).version
    except ValueError:
        return False
