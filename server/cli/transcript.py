"""What a recording says, in the formats that ``daedam transcribe`` writes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.audio import seconds
from pipeline.runner import Understood
from pipeline.speakers.joining import join
from pipeline.speakers.turns import VoiceTurn
from pipeline.transcription import Word
from server.export import UNCONFIRMED, Cue, lines, srt, vtt
from server.legacy import UNKNOWN_SPEAKER

RTTM = "rttm"
FORMATS = ("text", "json", "srt", "vtt", RTTM)


@dataclass(frozen=True, slots=True)
class Line:
    """Words of one voice.

    Attributes:
        offset: seconds into the recording from which the words' times count.
        voice: None: nobody whom anybody knows.
        voice_confidence: None: speakers were not told apart.
    """

    words: tuple[Word, ...]
    offset: float
    voice: str | None = None
    voice_confidence: float | None = None

    @property
    def start(self) -> float:
        return self.offset + self.words[0].start

    @property
    def end(self) -> float:
        return self.offset + self.words[-1].end

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def text_confidence(self) -> float:
        return sum(word.p for word in self.words) / len(self.words)


class Names:
    """What voices are called: their seat, or 미확인 A, 미확인 B... as they come."""

    def __init__(self, seats: Iterable[str]) -> None:
        """Know the voices that were enrolled, each under the name of its seat."""
        self._seats = frozenset(seats)
        self._letters: dict[str, str] = {}

    def shown(self, voice: str | None) -> str:
        """Return the name that people read."""
        if voice in self._seats:
            return str(voice)
        return UNCONFIRMED if voice is None else f"{UNCONFIRMED} {self._letter(voice)}"

    def plain(self, voice: str | None) -> str:
        """Return the name for programs: no spaces."""
        if voice in self._seats:
            return str(voice)
        return UNKNOWN_SPEAKER if voice is None else f"{UNKNOWN_SPEAKER}_{self._letter(voice)}"

    def _letter(self, voice: str) -> str:
        number = self._letters.setdefault(voice, str(len(self._letters)))
        return chr(ord("A") + int(number)) if int(number) < 26 else number


def unattributed(item: Understood) -> list[Line]:
    """Return the one line of an utterance whose speaker nobody asked for."""
    return [Line(item.transcript.words, seconds(item.utterance.start))]


def attributed(item: Understood, turns: Sequence[VoiceTurn]) -> list[Line]:
    """Return a line for each change of voice within an utterance."""
    start, end = item.utterance.start, item.utterance.end
    near = [turn for turn in turns if turn.start < end and turn.end > start]
    return [
        Line(part.words, seconds(start), part.voice, part.confidence)
        for part in join(item.transcript.words, near, start)
    ]


def piece(line: Line, number: int, to: str, names: Names | None) -> str:
    """Return the ``number``-th line (from 1) of a file of cues; nothing for JSON and RTTM."""
    cue = _cue(line, names)
    match to:
        case "text":
            return lines([cue])
        case "srt":
            return ("\n" if number > 1 else "") + srt([cue], number)
        case "vtt":
            whole = vtt([cue])
            return whole if number == 1 else "\n" + whole.removeprefix("WEBVTT\n\n")
        case _:
            return ""


def _cue(line: Line, names: Names | None) -> Cue:
    return line.start, line.end, names.shown(line.voice) if names else None, line.text


def as_json(written: Iterable[Line], speech: Iterable[Mapping[str, Any]], names: Names) -> str:
    """Return all lines and who spoke when."""
    segments = [_segment(line, names) for line in written]
    whole = {"segments": segments, "speech": list(speech)}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _segment(line: Line, names: Names) -> dict[str, Any]:
    segment: dict[str, Any] = {
        "start": round(line.start, 3),
        "end": round(line.end, 3),
        "speaker": names.plain(line.voice),
        "text": line.text,
        "text_confidence": round(line.text_confidence, 3),
    }
    if line.voice_confidence is not None:
        segment["voice_confidence"] = round(line.voice_confidence, 3)
    segment["words"] = [
        [
            round(line.offset + word.start, 3),
            round(line.offset + word.end, 3),
            word.text,
            round(word.p, 3),
        ]
        for word in line.words
    ]
    return segment


def spoken(start: int, end: int) -> dict[str, Any]:
    """Return a stretch of speech of nobody knows whom."""
    return {
        "start": round(seconds(start), 3),
        "end": round(seconds(end), 3),
        "speaker": UNKNOWN_SPEAKER,
    }


def voiced(turn: VoiceTurn, names: Names) -> dict[str, Any]:
    """Return a stretch of one voice."""
    return spoken(turn.start, turn.end) | {
        "speaker": names.plain(turn.voice),
        "voice_confidence": round(turn.confidence, 3),
    }


def rttm(turns: Iterable[VoiceTurn], names: Names, recording: str) -> str:
    """Return Rich Transcription Time Marked lines (NIST, RT-09 evaluation plan, appendix A)."""
    file = "_".join(recording.split()) or "recording"
    return "".join(
        f"SPEAKER {file} 1 {seconds(turn.start):.3f} {seconds(turn.end - turn.start):.3f}"
        f" <NA> <NA> {names.plain(turn.voice)} <NA> <NA>\n"
        for turn in turns
    )
