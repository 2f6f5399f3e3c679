"""Errors of who is said to speak, by pyannote.metrics, and what kind they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate
from pyannote.metrics.identification import IdentificationErrorRate

from bench.panels import Turn
from bench.results import Row
from pipeline.audio import seconds
from pipeline.speakers.turns import VoiceTurn

_SURE = 0.7


@dataclass(slots=True)
class Errors:
    """Seconds of speech told wrongly, pooled over files.

    Attributes:
        among_applicants_s: one applicant's words said to be another's.
        across_roles_s: an applicant's said to be an interviewer's, or the other way round.
        sure_wrong_s: wrong names stated with a confidence of 0.7 and more.
        swaps: whole turns that have another's name.
    """

    total_s: float = 0.0
    missed_s: float = 0.0
    false_alarm_s: float = 0.0
    confusion_s: float = 0.0
    unknown_s: float = 0.0
    among_applicants_s: float = 0.0
    across_roles_s: float = 0.0
    sure_wrong_s: float = 0.0
    swaps: int = 0
    files: int = 0

    def add(
        self,
        truth: Sequence[Turn],
        said: Sequence[VoiceTurn],
        interviewers: frozenset[str],
        *,
        is_mapped: bool,
    ) -> None:
        """Count one file; with ``is_mapped`` voices are mapped to speakers first."""
        reference = _annotation(truth)
        named = [(turn.voice, turn.start, turn.end) for turn in said if turn.voice is not None]
        hypothesis = _annotation(named)
        metric = DiarizationErrorRate() if is_mapped else IdentificationErrorRate()
        if is_mapped:
            mapping = metric.optimal_mapping(reference, hypothesis)
            names = {voice: mapping.get(voice, voice) for voice in hypothesis.labels()}
        else:
            names = {voice: voice for voice in hypothesis.labels()}
        found = metric(reference, hypothesis, uem=_extent(truth, said), detailed=True)
        self.total_s += found["total"]
        self.missed_s += found["missed detection"]
        self.false_alarm_s += found["false alarm"]
        self.confusion_s += found["confusion"]
        self.files += 1
        speakers = {speaker for speaker, _, _ in truth}
        for turn in said:
            self._kinds(turn, truth, names, speakers, interviewers)

    def _kinds(
        self,
        turn: VoiceTurn,
        truth: Sequence[Turn],
        names: dict[str, str],
        speakers: set[str],
        interviewers: frozenset[str],
    ) -> None:
        shared = _shared(turn, truth)
        if turn.voice is None:
            self.unknown_s += seconds(sum(shared.values()))
            return
        name = names[turn.voice]
        if name in shared or not shared:
            return
        for speaker, length in shared.items():
            self.sure_wrong_s += seconds(length) * (turn.confidence >= _SURE and name in speakers)
            if name in speakers:
                roles = {speaker in interviewers, name in interviewers}
                self.across_roles_s += seconds(length) * (len(roles) == 2)
                self.among_applicants_s += seconds(length) * (roles == {False})
        self.swaps += name in speakers

    @property
    def rate(self) -> float:
        wrong_s = self.missed_s + self.false_alarm_s + self.confusion_s
        return 100 * wrong_s / max(1e-9, self.total_s)

    def row(self) -> Row:
        def percent(part_s: float) -> float:
            return 100 * part_s / max(1e-9, self.total_s)

        return {
            "DER_%": self.rate,
            "confusion_%": percent(self.confusion_s),
            "missed_%": percent(self.missed_s),
            "false_alarm_%": percent(self.false_alarm_s),
            "unknown_%": percent(self.unknown_s),
            "applicants_%": percent(self.among_applicants_s),
            "roles_%": percent(self.across_roles_s),
            "sure_wrong_%": percent(self.sure_wrong_s),
            "swaps": self.swaps,
        }


def _annotation(turns: Iterable[Turn]) -> Annotation:
    found = Annotation()
    for i, (name, start, end) in enumerate(turns):
        found[Segment(seconds(start), seconds(end)), i] = name
    return found


def _extent(truth: Sequence[Turn], said: Sequence[VoiceTurn]) -> Segment:
    """Return all that was heard; metrics warn when they have to guess it."""
    ends = [end for _, _, end in truth] + [turn.end for turn in said]
    return Segment(0.0, seconds(max(ends, default=0)))


def _shared(turn: VoiceTurn, truth: Sequence[Turn]) -> dict[str, int]:
    shared: dict[str, int] = {}
    for speaker, start, end in truth:
        length = min(end, turn.end) - max(start, turn.start)
        if length > 0:
            shared[speaker] = shared.get(speaker, 0) + length
    return shared
