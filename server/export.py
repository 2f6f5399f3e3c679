"""The record as files people open elsewhere: pure text from the fold."""

import enum
import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from server.entries import Entry
from server.events import OPERATOR, SEATS, Gap
from server.legacy import UNKNOWN_SPEAKER, in_order, result
from server.record import Agreed, Spoken
from server.rttm import letter, rttm, turns
from server.session import Session

UNCONFIRMED = "미확인"
ROOM_MICROPHONE = "회의실 마이크"
LATE = " (늦게 도착)"
"""After words of which some were lost on their way first, and sent again."""
EDITED = " (고쳐 씀)"
"""After words that a person has put right."""
_CONSENT = {"required": "각자 이 서버에서 동의", "external": "이 서버 밖에서 동의"}
_TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Characters that turn the text after them around, out of the line they stand in too."""


class Format(enum.StrEnum):
    """What ``daedam export --format`` takes."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    RTTM = "rttm"
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
            return _vtt(session)
        case Format.RTTM:
            return rttm(session.id, turns(session))
        case Format.JOURNAL:
            return "".join(entry.to_wire().decode() + "\n" for entry in entries)


Cue = tuple[float, float, str | None, str]
"""Start and end in seconds, the speaker's name or None, the text."""


def cue(session: Session, spoken: Spoken) -> Cue:
    words = spoken.segment.words
    start, end = (words[0][0], words[-1][1]) if words else (spoken.start, spoken.end)
    return start, max(end, start + 0.1), _name(session, spoken), spoken.segment.text


def srt(cues: Iterable[Cue], first: int = 1) -> str:
    """Return SubRip: cues numbered from ``first``, comma before the milliseconds.

    Players take ``<b>`` for markup and know no way to write it otherwise, so ``‹`` stands there.
    """
    return "\n".join(
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n"
        f"{_labelled(speaker, text).replace('<', '‹').replace('>', '›')}\n"
        for number, (start, end, speaker, text) in enumerate(cues, first)
    )


def vtt(cues: Iterable[Cue]) -> str:
    """Return WebVTT with voice spans (https://www.w3.org/TR/webvtt1/)."""
    return "\n".join(["WEBVTT\n", *map(_voiced, cues)])


def lines(cues: Iterable[Cue]) -> str:
    """Return one line a cue: clock, speaker, words."""
    return "".join(
        f"[{_clock(start, '.')[:8]}] {_labelled(speaker, text)}\n"
        for start, _, speaker, text in cues
    )


def _voiced(cue: Cue) -> str:
    start, end, speaker, text = cue
    return (
        f"{_clock(start, '.')} --> {_clock(end, '.')}\n"
        f"<v {_escape(speaker or UNCONFIRMED)}>{_escape(text)}\n"
    )


def _vtt(session: Session) -> str:
    """Return the cues and, as comments that no player shows, where a microphone was not heard."""
    cues = [cue(session, spoken) for spoken in in_order(session)]
    blocks = [(each[0], 1, _voiced(each)) for each in cues]
    blocks += [
        (gap.start, 0, f"NOTE [{_clock(gap.start, '.')[:8]}] {_silence(gap)}\n")
        for gap in session.gaps
    ]
    blocks.sort(key=lambda block: block[:2])
    return "\n".join(["WEBVTT\n", *(block for _, _, block in blocks)])


def _text(session: Session) -> str:
    closed_at = session.closed_at if session.closed_at is not None else session.at
    revision = f"제{session.revision}판" if session.revision else "진행 중"
    head = [
        f"대담 {_line(session.id)}",
        _line(session.config.title),
        f"{_local(session.created_wall)}, {_clock(closed_at, '.')[:8]}, {revision}, "
        f"{_CONSENT[session.config.consent]}",
    ]
    moments = sorted(_moments(session), key=lambda moment: moment[:2])
    body = "".join(f"[{_clock(at, '.')[:8]}] {line}\n" for at, _, line in moments)
    return "\n".join(line for line in head if line) + "\n\n" + body


def _moments(session: Session) -> Iterator[tuple[float, int, str]]:
    """Yield time, rank among what happened then, and the words of every line."""
    kept: set[str] = set()
    for agreed in session.agreed:
        yield agreed.at, 0, f"{agreed.seat}: ({_agreement(agreed, agreed.seat in kept)})"
        (kept.add if agreed.keep_audio_days else kept.discard)(agreed.seat)
    for gap in session.gaps:
        yield gap.start, 1, _silence(gap)
    for lost in session.lost:
        yield lost.start, 1, f"{_track(lost.track)}: (말소리를 글로 옮기지 못함)"
    for one in session.account.suppressed:
        seconds = f"{one.end - one.start:.1f}초"
        yield one.start, 1, f"{_track(one.track)}: (다른 사람의 말소리라서 뺌, {seconds})"
    for spoken in in_order(session):
        start, _, speaker, text = cue(session, spoken)
        marks = (EDITED if spoken.is_edited else "") + (LATE if spoken.is_late else "")
        yield start, 2, _labelled(speaker, text) + marks
    for note in session.notes:
        by = "운영자" if note.by == OPERATOR else note.by
        yield note.at, 3, f"{by} → {note.about}: {_line(note.text)}"


def _agreement(agreed: Agreed, was_kept: bool) -> str:
    if not agreed.is_given:
        return "동의를 철회함"
    if agreed.keep_audio_days:
        return f"동의함, 녹음을 {agreed.keep_audio_days:g}일 동안 보관하는 데도 동의함"
    return "녹음 보관 동의를 거둠" if was_kept else "동의함"


def _silence(gap: Gap) -> str:
    return f"{_track(gap.track)}: (소리 없음, {gap.end - gap.start:.1f}초)"


def _track(track: str) -> str:
    return track if track in SEATS else ROOM_MICROPHONE


def _local(wall: float) -> str:
    """Return the time on this machine's wall, as the list of interviews has it, with its zone."""
    when = datetime.fromtimestamp(wall).astimezone()
    return f"{when:%Y-%m-%d %H:%M} UTC{when.isoformat()[-6:]}"


def _name(session: Session, spoken: Spoken) -> str | None:
    seat = session.speaker(spoken.segment)
    if seat is None or seat == UNKNOWN_SPEAKER:
        mark = letter(session, session.voice(spoken.segment))
        return f"{UNCONFIRMED} {mark}" if mark else None
    place = session.place(seat)
    return f"{seat} {place.name}" if place is not None and place.name else seat


def _labelled(speaker: str | None, text: str) -> str:
    return f"{_line(speaker or UNCONFIRMED)}: {_line(text)}"


def _line(text: str) -> str:
    """Return the text as one line: a break would end a cue, or begin somebody else's."""
    return " ".join(text.translate(_TURNING).split())


def _clock(seconds: float, mark: str) -> str:
    milliseconds = max(0, round(seconds * 1000))
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _escape(text: str) -> str:
    return _line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
