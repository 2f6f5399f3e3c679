"""Who spoke when, for programs that compare it: pure text from the fold.

RTTM as in the Rich Transcription 2009 evaluation plan of NIST, appendix A: one line a stretch,
ten fields, of which the speaker's name must not hold a space.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from server.legacy import UNKNOWN_SPEAKER
from server.record import Spoken
from server.session import Session

Turn = tuple[float, float, str]
"""Start and end in session seconds, the speaker's name."""


def rttm(name: str, turns: Iterable[Turn]) -> str:
    """Return the lines of ``turns``; whose stretches touch is one stretch."""
    file = "_".join(name.split()) or "interview"
    return "".join(
        f"SPEAKER {file} 1 {start:.3f} {end - start:.3f} <NA> <NA> {speaker} <NA> <NA>\n"
        for start, end, speaker in _joined(turns)
    )


def turns(session: Session) -> Iterator[Turn]:
    """Yield who spoke when: as it was heard, and as people have put it right."""
    for track, stretches in session.account.speech.items():
        moved = _moved(session, track)
        for span in stretches:
            rest = [(span.start, span.end)]
            for first, last in moved[_root(session, span.voice)]:
                if first < span.end and last > span.start:
                    rest = list(_without(rest, first, last))
            yield from ((start, end, _named(session, span.voice)) for start, end in rest)
    for line in session.spoken:
        start, end = _extent(line)
        heard = session.account.speech.get(line.track)
        # Where nobody was told apart (own microphones), and for what a person moved, words count.
        if line.is_moved or heard is None or not heard.covers((start + end) / 2):
            yield start, end, _named(session, line.segment.voice)


def letter(session: Session, voice: str | None) -> str:
    """Return what a voice without a name is called: A, B, …; empty: no voice is known."""
    return session.account.letter(voice) if voice is not None else ""


def _named(session: Session, voice: str | None) -> str:
    root = _root(session, voice)
    seat = session.voices.get(root) if root is not None else None
    if seat is not None:
        return seat
    mark = letter(session, root)
    return f"{UNKNOWN_SPEAKER}_{mark}" if mark else UNKNOWN_SPEAKER


def _root(session: Session, voice: str | None) -> str | None:
    return session.account.naming.root(voice) if voice is not None else None


def _moved(session: Session, track: str) -> dict[str | None, list[tuple[float, float]]]:
    """Return where people have taken words from the voice they were heard of → from which."""
    moved: dict[str | None, list[tuple[float, float]]] = defaultdict(list)
    for line in session.spoken:
        if line.track == track and line.is_moved and line.heard is not None:
            moved[_root(session, line.heard.voice)].append(_extent(line))
    return moved


def _extent(line: Spoken) -> tuple[float, float]:
    words = line.segment.words
    return (words[0][0], words[-1][1]) if words else (line.start, line.end)


def _without(
    stretches: Iterable[tuple[float, float]], start: float, end: float
) -> Iterator[tuple[float, float]]:
    for first, last in stretches:
        if first < min(last, start):
            yield first, min(last, start)
        if max(first, end) < last:
            yield max(first, end), last


def _joined(turns: Iterable[Turn]) -> list[Turn]:
    open_turns: dict[str, Turn] = {}
    joined: list[Turn] = []
    for start, end, speaker in sorted(turns):
        before = open_turns.get(speaker)
        if before is not None and start <= before[1]:
            open_turns[speaker] = (before[0], max(before[1], end), speaker)
            continue
        if before is not None:
            joined.append(before)
        open_turns[speaker] = (start, end, speaker)
    return sorted([turn for turn in (*joined, *open_turns.values()) if turn[1] > turn[0]])
