"""The record as files people open elsewhere: pure text from the fold."""

import enum
import json
from collections.abc import Iterable

from server.entries import Entry
from server.legacy import UNKNOWN_SPEAKER, in_order, iso, result
from server.record import Spoken
from server.session import Session

UNCONFIRMED = "미확인"


class Format(enum.StrEnum):
    """What ``daedam export --format`` takes."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    JOURNAL = "journal"


def render(session: Session, entries: Iterable[Entry], to: Format) -> str:
    """Return the whole record of ``session`` (the fold of ``entries``) in one format."""
    match to:
        case Format.JSON:
            return json.dumps(result(session, session.at), ensure_ascii=False, indent=2) + "\n"
        case Format.TEXT:
            return _text(session)
        case Format.SRT:
            return srt([cue(session, spoken) for spoken in in_order(session)])
        case Format.VTT:
            return vtt([cue(session, spoken) for spoken in in_order(session)])
        case Format.JOURNAL:
            return "".join(entry.to_wire().decode() + "\n" for entry in entries)


Cue = tuple[float, float, str | None, str]
"""Start and end in seconds, the speaker's name or None, the text."""


def cue(session: Session, spoken: Spoken) -> Cue:
    words = spoken.segment.words
    start, end = (words[0][0], words[-1][1]) if words else (spoken.start, spoken.end)
    return start, max(end, start + 0.1), _name(session, spoken), spoken.segment.text


def srt(cues: Iterable[Cue], first: int = 1) -> str:
    """Return SubRip: cues numbered from ``first``, comma before the milliseconds."""
    return "\n".join(
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{_labelled(speaker, text)}\n"
        for number, (start, end, speaker, text) in enumerate(cues, first)
    )


def vtt(cues: Iterable[Cue]) -> str:
    """Return WebVTT with voice spans (https://www.w3.org/TR/webvtt1/)."""
    blocks = [
        f"{_clock(start, '.')} --> {_clock(end, '.')}\n"
        f"<v {_escape(speaker or UNCONFIRMED)}>{_escape(text)}\n"
        for start, end, speaker, text in cues
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def lines(cues: Iterable[Cue]) -> str:
    """Return one line a cue: clock, speaker, words."""
    return "".join(
        f"[{_clock(start, '.')[:8]}] {_labelled(speaker, text)}\n"
        for start, _, speaker, text in cues
    )


def _text(session: Session) -> str:
    head = [
        f"대담 {session.id}",
        f"{session.config.title}".strip(),
        f"{iso(session.created_wall)}, {session.closed_at or session.at:.0f} s, "
        f"revision {session.revision}, consent {session.config.consent}",
        "",
    ]
    parts = ["\n".join(line for line in head if line), "\n\n"]
    parts.append(lines(cue(session, spoken) for spoken in in_order(session)))
    for gap in session.gaps:
        parts.append(
            f"\n[{_clock(gap.start, '.')[:8]}] {gap.track}: "
            f"(소리 없음, {gap.end - gap.start:.1f}초)"
        )
    for note in session.notes:
        parts.append(f"\n[{_clock(note.at, '.')[:8]}] {note.by} → {note.about}: {_line(note.text)}")
    if session.gaps or session.notes:
        parts.append("\n")
    return "".join(parts)


def _name(session: Session, spoken: Spoken) -> str | None:
    seat = session.speaker(spoken.segment)
    if seat is None or seat == UNKNOWN_SPEAKER:
        return None
    names = {place.seat: place.name for place in session.config.seats}
    return f"{seat} {names[seat]}" if names.get(seat) else seat


def _labelled(speaker: str | None, text: str) -> str:
    return f"{_line(speaker or UNCONFIRMED)}: {_line(text)}"


def _line(text: str) -> str:
    """Return the text without line breaks: they would end a cue, or begin somebody else's."""
    return " ".join(text.split())


def _clock(seconds: float, mark: str) -> str:
    milliseconds = max(0, round(seconds * 1000))
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _escape(text: str) -> str:
    return _line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
