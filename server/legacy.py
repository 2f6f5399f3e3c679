"""The shapes existing clients read: pure views of the fold, in Unix seconds and ISO 8601."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from pipeline.evaluation.evaluator import Answer
from pipeline.evaluation.keywords import LEGACY_KEYWORDS, KeywordEvaluator, legacy_score
from server.events import Gap, SpeakersChecked, Timestamp, UtteranceDropped, is_applicant
from server.record import Judged, Note, Spoken
from server.reports import (
    Backlog,
    Checked,
    ChunkEvaluation,
    ChunkResult,
    Judgement,
    Lost,
    RecordedNote,
    RecordedVoice,
    SessionRecord,
    SpeakerStats,
    SpeechStats,
    Status,
    Summary,
    Transcript,
    Transcription,
)
from server.session import Life, Session

UNKNOWN_SPEAKER = "unknown"
_NO_SPEAKER = "화자가 확인되지 않아 평가하지 않았습니다."
_NOT_APPLICANT = "지원자의 발언이 아니어서 평가하지 않았습니다."
_NO_EVIDENCE = "평가할 근거가 부족합니다."


def iso(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds")


def status(session: Session, *, is_active: bool, at: float, lag: Backlog | None) -> Status:
    """Return the status resource; ``lag``: its backlog, where that is known."""
    return {
        "session_id": session.id,
        "is_active": is_active,
        "start_time": iso(session.created_wall),
        "duration": round(at, 3),
        "total_transcripts": len(session.spoken),
        "total_evaluations": len(session.evaluations),
        "speakers": list(dict.fromkeys(note.about for note in session.notes)),
        "life": session.life,
        "present": sorted({joined.seat or joined.role for joined in session.present.values()}),
        "consents": sorted(session.consents),
        "seq": session.seq,
        "pipeline": lag,
    }


def summary(session: Session, at: float) -> Summary:
    """Return what ``evaluation_summary`` carries; ``at`` is now in session seconds."""
    return {
        "session_id": session.id,
        "duration": round(_duration(session, at), 3),
        "total_transcripts": len(session.spoken),
        "total_evaluations": len(session.evaluations),
        "speaker_stats": _speaker_stats(session.notes),
        "average_score": average_score(session),
        "speech_stats": _speech_stats(session),
        "applicants": {seat: _judgement(judged) for seat, judged in sorted(session.newest.items())},
        "life": session.life,
        "revision": session.revision,
        "seq": session.seq,
    }


def result(session: Session, at: float) -> SessionRecord:
    """Return the whole record as ``final_result``."""
    notes: dict[str, list[RecordedNote]] = {}
    for note in session.notes:
        notes.setdefault(note.about, []).append(_note(note))
    end_wall = session.closed_wall
    return {
        "session_id": session.id,
        "start_time": iso(session.created_wall),
        "end_time": iso(end_wall) if end_wall is not None else None,
        "duration": round(_duration(session, at), 3),
        "transcripts": [_transcript(session, spoken) for spoken in in_order(session)],
        "evaluations": [_judgement(judged) for judged in session.evaluations],
        "speaker_notes": notes,
        "gaps": [_lost(gap) for gap in session.gaps],
        "dropped": [_lost(dropped) for dropped in session.lost],
        "suppressed": [
            {"track": one.track, "start": one.start, "end": one.end}
            for one in session.account.suppressed
        ],
        "voices": _voices(session),
        "checked": _checked(session.checked),
        "consents": [
            {
                "seat": agreed.seat,
                "at": round(agreed.at, 3),
                "is_given": agreed.is_given,
                "keep_audio_days": agreed.keep_audio_days,
            }
            for agreed in session.agreed
        ],
        "total_transcripts": len(session.spoken),
        "total_evaluations": len(session.evaluations),
        "average_score": average_score(session),
        "consent": None if session.life is Life.ERASED else session.config.consent,
        "title": session.config.title,
        "job": session.config.job,
        "life": session.life,
        "revision": session.revision,
        "dropped_utterances": len(session.lost),
        "unknown_events": session.unknown_events,
        "erased_events": session.erased_events,
    }


def audio_processed(
    session: Session,
    spoken: Sequence[Spoken],
    *,
    timestamp: Timestamp,
    speaker: str | None,
    shows_words: bool,
    shows_evaluation: bool,
    error: str | None = None,
    code: str | None = None,
) -> ChunkResult:
    """Return the result of one chunk: the utterances that ended with it.

    Args:
        session: the fold that holds ``spoken``.
        spoken: the finals of this chunk.
        timestamp: the client's, echoed.
        speaker: the seat whose own microphone it was; None for a room microphone.
        shows_words: whether this role may read what was said.
        shows_evaluation: whether this role may see scores.
        code: what programs know the error by.
        error: one sentence when the bytes were no audio or could not be understood.
    """
    text = " ".join(item.segment.text for item in spoken)
    confidence = min((item.segment.voice_confidence for item in spoken), default=0.0)
    transcription: Transcription = {
        "text": text,
        "success": error is None,
        "segments": [_transcript(session, item) for item in spoken],
    }
    found: ChunkResult = {
        "timestamp": timestamp,
        "transcription": transcription
        if shows_words
        else {"text": "", "success": error is None, "segments": []},
        "diarization": {
            "current_speaker": speaker or UNKNOWN_SPEAKER,
            "voice_confidence": confidence if spoken else 0.0,
        },
        "evaluation": _chunk_evaluation(spoken, text, timestamp, speaker)
        if shows_evaluation
        else {},
        "success": error is None,
    }
    if error is not None:
        found["error"] = error
        if code is not None:
            found["code"] = code
    return found


def average_score(session: Session) -> float:
    """Return the mean newest score of the applicants who have one above 0; 0 without any."""
    scores = [score(judged) for judged in session.newest.values()]
    scored = [value for value in scores if value > 0]
    return round(sum(scored) / len(scored), 1) if scored else 0.0


def score(judged: Judged) -> int:
    return legacy_score(sum(judged.hits.values()))


def in_order(session: Session) -> list[Spoken]:
    """Return every segment by its time; late ones stand where they were spoken.

    Of an utterance of several voices only the first begins with it.
    """
    first = {lines[0].segment.segment for lines in session.utterances.values() if lines}

    def place(spoken: Spoken) -> tuple[float, int]:
        words = spoken.segment.words
        is_first = spoken.segment.segment in first or not words
        return spoken.start if is_first else words[0][0], spoken.seq

    return sorted(session.spoken, key=place)


def _duration(session: Session, at: float) -> float:
    return session.closed_at if session.closed_at is not None else at


def _lost(event: Gap | UtteranceDropped) -> Lost:
    return {"track": event.track, "start": event.start, "end": event.end, "reason": event.reason}


def _voices(session: Session) -> list[RecordedVoice]:
    merged = session.account.naming.merged
    # Whoever was enrolled and never heard may have been taken for another.
    voices = dict.fromkeys([*session.voices_heard, *session.voices])
    return [_voice(session, voice) for voice in voices if voice not in merged]


def _voice(session: Session, voice: str) -> RecordedVoice:
    seat = session.voices.get(voice)
    return {
        "voice": voice,
        "seat": seat,
        "letter": session.account.letter(voice),
        "is_own": seat is not None and session.own_voices.get(seat) == voice,
    }


def _checked(event: SpeakersChecked | None) -> Checked | None:
    if event is None:
        return None
    return {"method": event.method, "through": event.through, "changed": event.changed}


def _note(note: Note) -> RecordedNote:
    recorded: RecordedNote = {
        "timestamp": note.timestamp if note.timestamp is not None else note.wall,
        "note": note.text,
        "by": note.by,
        "media_at": round(note.at, 3),
        "seq": note.seq,
    }
    if note.is_edited:
        recorded["is_edited"] = True
    return recorded


def _transcript(session: Session, spoken: Spoken) -> Transcript:
    segment = spoken.segment
    transcript: Transcript = {
        "timestamp": round(session.created_wall + spoken.start, 3),
        "speaker": session.speaker(segment) or UNKNOWN_SPEAKER,
        "text": segment.text,
        "segment": segment.segment,
        "start": round(spoken.start, 3),
        "end": round(spoken.end, 3),
        "text_confidence": segment.text_confidence,
        "voice_confidence": segment.voice_confidence,
        "voice": session.voice(segment),
    }
    if spoken.is_late:
        transcript["is_late"] = True
    if spoken.is_moved:
        transcript["is_moved"] = True
    if spoken.is_edited and spoken.heard is not None:
        transcript["is_edited"] = True
        transcript["heard"] = spoken.heard.text
    return transcript


def _judgement(judged: Judged) -> Judgement:
    evaluation = judged.evaluation
    counts = dict(judged.hits)
    return {
        "timestamp": judged.wall,
        "speaker": evaluation.applicant,
        "score": score(judged),
        "feedback": _feedback(sum(counts.values())),
        "keywords": _keywords(counts),
        "levels": {level.criterion: level.level for level in evaluation.levels},
        "evaluator": evaluation.evaluator,
        "criteria": evaluation.criteria,
        "through_seq": evaluation.through_seq,
        "tick": evaluation.tick,
    }


def _chunk_evaluation(
    spoken: Sequence[Spoken], text: str, timestamp: Timestamp, speaker: str | None
) -> ChunkEvaluation:
    answers = [Answer(item.segment.segment, item.segment.text) for item in spoken]
    counts = {
        finding.criterion: len(finding.evidence)
        for finding in KeywordEvaluator().evaluate(answers if is_applicant(speaker) else ())
    }
    total = sum(counts.values())
    if speaker is None:
        feedback = [_NO_SPEAKER]
    elif not is_applicant(speaker):
        feedback = [_NOT_APPLICANT]
    else:
        feedback = _feedback(total)
    return {
        "speaker": speaker or UNKNOWN_SPEAKER,
        "text": text,
        "timestamp": timestamp,
        "score": legacy_score(total),
        "feedback": feedback,
        "keywords": _keywords(counts),
    }


def _keywords(counts: dict[str, int]) -> list[str]:
    return [f"{name}: {counts[name]}개" for name in LEGACY_KEYWORDS if counts.get(name)]


def _feedback(hits: int) -> list[str]:
    return [f"키워드 {hits}개가 언급되었습니다."] if hits else [_NO_EVIDENCE]


def _speaker_stats(notes: Iterable[Note]) -> dict[str, SpeakerStats]:
    stats: dict[str, SpeakerStats] = {}
    for note in notes:
        earlier = stats.get(note.about)
        stats[note.about] = {
            "total_notes": 1 + (earlier["total_notes"] if earlier is not None else 0),
            "last_note": note.text,
            "last_note_timestamp": note.timestamp if note.timestamp is not None else note.wall,
        }
    return stats


def _speech_stats(session: Session) -> dict[str, SpeechStats]:
    counts: Counter[str] = Counter()
    spoken_s: Counter[str] = Counter()
    for item in session.spoken:
        speaker = session.speaker(item.segment) or UNKNOWN_SPEAKER
        counts[speaker] += 1
        words = item.segment.words
        spoken_s[speaker] += words[-1][1] - words[0][0] if words else 0  # type: ignore[assignment]
    return {
        speaker: {"segments": counts[speaker], "speech_s": round(float(spoken_s[speaker]), 1)}
        for speaker in sorted(counts)
    }
