"""What an encoder offers (WHIP): its sound is taken, its pictures are declined.

Encoders want less than browsers and say less: one section without a name or a BUNDLE group, or a
picture that cannot be left out. ``clean_offer`` gets an offer as a browser would have made it, and
the encoder an answer to what it has really offered. Texts in, texts out.
"""

from dataclasses import dataclass

from server.media.sdp import DIRECTIONS, MAX_OFFER_BYTES, BadOffer

MAX_SECTIONS = 8
TAKEN = ("audio", "application")
TRANSPORT = ("ice-ufrag", "ice-pwd", "fingerprint", "setup")
OWN_MID = "0"
"""What a section is called that has no name; its encoder never hears of it."""


@dataclass(frozen=True, slots=True)
class _Section:
    """An m-line with what follows it."""

    lines: tuple[str, ...]

    @property
    def kind(self) -> str:
        return self.lines[0][len("m=") :].partition(" ")[0]

    @property
    def port(self) -> str:
        return self.lines[0].split(" ")[1] if self.lines[0].count(" ") >= 3 else ""

    @property
    def mid(self) -> str | None:
        return next((line for line in self.lines if line.startswith("a=mid:")), None)

    def says(self, name: str) -> bool:
        return any(line == f"a={name}" or line.startswith(f"a={name}:") for line in self.lines)

    def about(self, names: tuple[str, ...]) -> list[str]:
        return [line for line in self.lines if _name(line) in names]

    def without(self, names: tuple[str, ...]) -> list[str]:
        return [line for line in self.lines if _name(line) not in names]


@dataclass(frozen=True, slots=True)
class EncoderOffer:
    """An encoder's offer as it is to be answered; ``read`` makes it.

    Attributes:
        sdp: sound alone, sent one way, for ``Peer.answer``.
        declined: position → the section of the answer that says no.
        is_bundled: the offer has a BUNDLE group, so the answer may.
        is_named: the sections of the offer have names.
    """

    sdp: str
    declined: dict[int, tuple[str, ...]]
    is_bundled: bool
    is_named: bool

    @classmethod
    def read(cls, sdp: str) -> "EncoderOffer":
        """Return what is taken of an offer.

        Raises:
            BadOffer: it sends no sound, or cannot be read; ``clean_offer`` finds the rest.
        """
        session, sections = _split(sdp)
        taken = [section for section in sections if section.kind in TAKEN and section.port != "0"]
        audio = [section for section in taken if section.kind == "audio"]
        if len(audio) != 1:
            raise BadOffer("An encoder offers its sound in exactly one audio m-line.")
        is_named = any(section.mid for section in taken)
        declined = {
            place: _declined(section)
            for place, section in enumerate(sections)
            if section not in taken
        }
        is_bundled = any(line.startswith("a=group:BUNDLE") for line in session)
        lines = [*session]
        for section in taken:
            if is_bundled and not section.says("ice-ufrag"):
                # Bundled sections may leave out what the first one says (RFC 9143, section 7.1.3),
                # and the first one may be a picture.
                section = _Section((*section.lines, *sections[0].about(TRANSPORT)))
            lines += _sent(section) if section.kind == "audio" else section.lines
            if not is_named:
                lines.append(f"a=mid:{OWN_MID}")
        return cls("\r\n".join(lines) + "\r\n", declined, is_bundled, is_named)

    def finish(self, answer: str) -> str:
        """Return the server's answer to ``sdp`` as an answer to what was offered."""
        session, accepted = _split(answer)
        if not self.is_bundled:
            session = [line for line in session if not line.startswith("a=group:BUNDLE")]
        left = iter(accepted)
        sections = [
            self.declined[place] if place in self.declined else self._named(next(left))
            for place in range(len(accepted) + len(self.declined))
        ]
        return "\r\n".join([*session, *(line for part in sections for line in part)]) + "\r\n"

    def _named(self, section: _Section) -> tuple[str, ...]:
        # An answer names nothing that has no name in the offer (RFC 5888, section 9.1).
        return section.lines if self.is_named else tuple(section.without(("mid",)))


def ice_of(sdp: str) -> tuple[str, str]:
    """Return the first user name and password of ICE that a text has, empty where it has none."""
    lines = sdp.splitlines()
    found = (
        next((line.removeprefix(start) for line in lines if line.startswith(start)), "")
        for start in ("a=ice-ufrag:", "a=ice-pwd:")
    )
    return next(found), next(found)


def _split(sdp: str) -> tuple[list[str], list[_Section]]:
    if len(sdp) > MAX_OFFER_BYTES:
        raise BadOffer("The offer is too long; 64 KiB are the limit.")
    blocks: list[list[str]] = [[]]
    for line in sdp.splitlines():
        if line.startswith("m="):
            blocks.append([])
        blocks[-1].append(line)
    session, *sections = blocks
    if not sections:
        raise BadOffer("This is no SDP offer: it has no m-line.")
    if len(sections) > MAX_SECTIONS:
        raise BadOffer(f"The offer has more than {MAX_SECTIONS} m-lines.")
    return session, [_Section(tuple(lines)) for lines in sections]


def _sent(section: _Section) -> list[str]:
    """Return a section of sound that goes one way.

    An encoder may offer to send and receive, and is answered that it sends (RFC 9725, section 4.2).
    """
    said = next((name for name in DIRECTIONS if section.says(name)), "sendrecv")
    if said not in ("sendonly", "sendrecv"):
        raise BadOffer("An encoder offers to send its sound: a=sendonly.")
    return [*section.without(DIRECTIONS), "a=sendonly"]


def _declined(section: _Section) -> tuple[str, ...]:
    """Return the answer's section without a port, which says no (RFC 3264, section 6)."""
    parts = section.lines[0].split(" ")
    if len(parts) < 4:
        raise BadOffer("An m-line of the offer cannot be read.")
    line = " ".join((parts[0], "0", *parts[2:]))
    mid = (section.mid,) if section.mid else ()
    return (line, "c=IN IP4 0.0.0.0", "a=inactive", *mid)


def _name(line: str) -> str:
    return line[len("a=") :].partition(":")[0] if line.startswith("a=") else ""
