"""Journals told in a few lines: events as entries, one of each kind, and entries read back."""

import json
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from hypothesis import strategies as st

from pipeline.evaluation.keywords import KeywordEvaluator
from server import decisions
from server.entries import Draft, Entry, decode_body
from server.events import (
    APPLICANTS,
    SYSTEM,
    AudioTaken,
    Blank,
    ConsentGiven,
    ConsentWithdrawn,
    Erased,
    Evaluation,
    Event,
    Evidence,
    Gap,
    Joined,
    Left,
    Level,
    Muted,
    NoteAdded,
    NoteEdited,
    Retracted,
    RoomConfirmed,
    SeatConfig,
    Segment,
    SegmentEdited,
    SegmentPart,
    SegmentSplit,
    SegmentVoiced,
    SessionClosed,
    SessionConfig,
    SessionCreated,
    SpeakersChecked,
    Speech,
    Unknown,
    Unmuted,
    UtteranceDropped,
    UtteranceFinal,
    VoiceAssigned,
    VoiceForgotten,
    VoicesMerged,
    VoiceSpan,
)
from server.session import fold

WALL = 1_753_000_000.0
"""Unix seconds at which every story begins: 2025-07-20T08:26:40Z."""

CONFIG = SessionConfig(
    title="백엔드 개발자 면접",
    job="백엔드 개발",
    consent="external",
    seats=(
        SeatConfig(seat="면접관_1", name="한 팀장"),
        SeatConfig(seat="지원자_1", name="김하나"),
        SeatConfig(seat="지원자_2", name="이두리"),
    ),
)
CREATED = SessionCreated(config=CONFIG)
CLOSED = SessionClosed()

ONE_OF_EACH: tuple[Event, ...] = (
    CREATED,
    ConsentGiven(seat="지원자_1"),
    Joined(connection="c1", role="applicant", seat="지원자_1"),
    Joined(connection="c2", role="operator"),
    Left(connection="c2", reason="lost"),
    NoteAdded(note="말이 빠름\n그러나 분명함", about="지원자_1", media_at=1.25, client_timestamp=7),
    VoiceAssigned(voice="v1", seat="지원자_1", reason="own_microphone"),
    UtteranceFinal(
        utterance="u1",
        track="t1",
        start=1.0,
        end=2.5,
        segments=(
            Segment(
                segment="u1.1",
                voice="v1",
                words=((1.0, 1.5, "개발", 0.9), (1.6, 2.5, "경험", 0.8)),
                text_confidence=0.85,
                voice_confidence=1.0,
            ),
        ),
    ),
    UtteranceDropped(utterance="u2", track="t1", start=3.0, end=3.5, reason="silence"),
    AudioTaken(track="t1", utterances=("u1", "u2")),
    Evaluation(
        applicant="지원자_1",
        tick=1,
        evaluator="keywords/1",
        criteria="legacy/1",
        through_seq=8,
        levels=(
            Level(
                criterion="기술",
                level=None,
                evidence=(Evidence(segment="u1.1", start=0, end=2),),
            ),
            Level(criterion="동기", level=3, evidence=()),
        ),
    ),
    ConsentWithdrawn(seat="지원자_1"),
    RoomConfirmed(),
    Muted(track="지원자_1"),
    Unmuted(track="지원자_1"),
    Gap(track="지원자_1", start=4.0, end=6.5, reason="no_packets"),
    Speech(
        track="room-1",
        start=1.0,
        end=3.0,
        spans=(VoiceSpan(voice="v1", start=1.25, end=2.5, confidence=0.75),),
    ),
    SegmentSplit(
        segment="u1.1",
        parts=(
            SegmentPart(segment="u1.1.20.1", words=1, voice="v1", confidence=0.5),
            SegmentPart(segment="u1.1.20.2", words=1, voice=None),
        ),
    ),
    SegmentVoiced(segment="u1.1.20.2", voice="v2"),
    SegmentEdited(segment="u1.1.20.1", text="개발자"),
    VoicesMerged(voice="v2", into="v1"),
    NoteEdited(of=6, note="분명함"),
    Retracted(of=24),
    VoiceForgotten(seat="지원자_1"),
    SpeakersChecked(method="full-pass/1", through=3.0, changed=1),
    CLOSED,
    Erased(seat="지원자_2", events=(3, 4)),
)


def draft(event: Event, *, by: str = SYSTEM, at: float = 0.0, cmd: str | None = None) -> Draft:
    return Draft(at=at, wall=WALL + at, by=by, event=event, cmd=cmd)


def note(text: str, about: str = "지원자_1", *, at: float = 0.0) -> NoteAdded:
    return NoteAdded(note=text, about=about, media_at=at)


def said(
    utterance: str, text: str, *, voice: str | None = "v1", start: float = 0.0
) -> UtteranceFinal:
    """Return one segment of evenly spaced words, half a second each."""
    words = tuple(
        (start + 0.5 * number, start + 0.5 * number + 0.4, word, 0.9)
        for number, word in enumerate(text.split())
    )
    segment = Segment(
        segment=f"{utterance}.1",
        voice=voice,
        words=words,
        text_confidence=0.9,
        voice_confidence=0.0 if voice is None else 1.0,
    )
    return UtteranceFinal(
        utterance=utterance, track="t1", start=start, end=words[-1][1], segments=(segment,)
    )


def moved(segment: str, voice: str | None) -> SegmentVoiced:
    return SegmentVoiced(segment=segment, voice=voice)


def split(segment: str, *words: int, voice: str | None = "v1", by: int = 9) -> SegmentSplit:
    """Return a split into parts of so many words: ``{segment}.{by}.1`` and so on."""
    parts = tuple(
        SegmentPart(segment=f"{segment}.{by}.{number}", words=count, voice=voice, confidence=0.9)
        for number, count in enumerate(words, 1)
    )
    return SegmentSplit(segment=segment, parts=parts)


def spoken_in(track: str, start: float, end: float, *spans: tuple[str, float, float]) -> Speech:
    return Speech(
        track=track,
        start=start,
        end=end,
        spans=tuple(
            VoiceSpan(voice=voice, start=first, end=last, confidence=0.9)
            for voice, first, last in spans
        ),
    )


def seated(voice: str, seat: str | None) -> VoiceAssigned:
    return VoiceAssigned(voice=voice, seat=seat, reason="person")


def evaluated(seat: str, through_seq: int) -> Evaluation:
    return Evaluation(
        applicant=seat,
        tick=0,
        evaluator="keywords/1",
        criteria="legacy/1",
        through_seq=through_seq,
        levels=(),
    )


def entry(
    seq: int,
    event: Event,
    *,
    by: str = SYSTEM,
    at: float | None = None,
    cmd: str | None = None,
) -> Entry:
    at = float(seq) if at is None else at
    return Entry(
        seq=seq,
        at=at,
        wall=WALL + at,
        by=by,
        v=event.VERSION,
        type=event.type(),
        cmd=cmd,
        event=event,
    )


def story(*events: Event | tuple[str, Event]) -> list[Entry]:
    """Return entries one second apart; a pair is (author, event)."""
    pairs = [event if isinstance(event, tuple) else (SYSTEM, event) for event in events]
    return [entry(seq, event, by=by) for seq, (by, event) in enumerate(pairs, 1)]


def interview() -> list[Entry]:
    """Return a short whole interview: two applicants, an unknown voice, notes, evaluations."""
    entries = story(
        CREATED,
        ("면접관_1", note("자신감 있음", at=2.0)),
        seated("v1", "지원자_1"),
        said("u1", "저는 개발 업무를 담당했습니다", start=3.0),
        seated("v2", "지원자_2"),
        said("u2", "제 목표는 소통입니다", voice="v2", start=6.0),
        said("u3", "누구세요", voice=None, start=9.0),
    )
    session = fold("interview", entries)
    for event in decisions.evaluations(session, KeywordEvaluator(), 30.0):
        entries.append(entry(len(entries) + 1, event, at=30.0))
    stamped = msgspec.structs.replace(
        note("침착함", "지원자_2", at=31.0), client_timestamp="2025-07-20 17:27"
    )
    entries.append(entry(len(entries) + 1, stamped, by="operator", at=31.0))
    entries.append(entry(len(entries) + 1, CLOSED, by="operator", at=61.5))
    return entries


def read_line(line: str | bytes) -> Entry:
    """Return the entry that ``to_wire`` wrote."""
    values = json.loads(line)
    head = {name: values.pop(name) for name in ("seq", "at", "wall", "by", "v", "type", "cmd")}
    body = decode_body(head["type"], head["v"], msgspec.json.encode(values))
    return Entry(**head, event=body)


def after_erasure(
    entries: Sequence[Entry], bodies: Mapping[int, Event | None], receipt: Erased
) -> list[Entry]:
    """Return the journal as it reads when the bodies were replaced and the receipt appended."""
    left = [_replaced(item, bodies) for item in entries]
    return [*left, entry(len(left) + 1, receipt, at=left[-1].at)]


def texts(events: Iterable[Event]) -> str:
    """Return everything the events say, to search it."""
    return "\n".join(str(event) for event in events)


SEATS = ("지원자_1", "지원자_2", "면접관_1")
_seat = st.sampled_from(SEATS)
_voice = st.sampled_from(["v1", "v2", "v3"])
_line = st.builds("u{}.1{}".format, st.integers(1, 8), st.sampled_from(["", "", ".9.1", ".9.2"]))
any_event: st.SearchStrategy[Event] = st.one_of(
    st.builds(moved, _line, st.none() | _voice),
    st.builds(moved, _line, st.none() | _voice),
    st.builds(split, _line, st.integers(1, 2), st.integers(1, 2), voice=st.none() | _voice),
    st.builds(split, _line, st.integers(1, 2), st.integers(1, 2), voice=st.none() | _voice),
    st.builds(SegmentEdited, segment=_line, text=st.sampled_from(["꿈", "제 다른 꿈"])),
    st.builds(VoicesMerged, voice=_voice, into=_voice),
    st.builds(NoteEdited, of=st.integers(2, 40), note=st.text(max_size=5)),
    st.builds(Retracted, of=st.integers(1, 40)),
    st.builds(Retracted, of=st.integers(1, 40)),
    st.builds(
        lambda voice, start: spoken_in("t1", start, start + 9.0, (voice, start + 1, start + 8)),
        _voice,
        st.floats(0, 100).map(lambda start: round(start, 3)),
    ),
    st.builds(VoiceForgotten, seat=_seat),
    st.builds(
        said,
        st.integers(1, 8).map("u{}".format),
        st.sampled_from(["제 꿈", "네 네 네"]),
        voice=st.none() | _voice,
    ),
    st.builds(note, st.text(max_size=5), _seat),
    st.builds(seated, _voice, st.none() | _seat),
    st.builds(
        said,
        st.integers(1, 50).map("u{}".format),
        st.sampled_from(["개발", "제 꿈", "네 네 네"]),
        voice=st.none() | _voice,
        start=st.floats(0, 100).map(lambda start: round(start, 3)),
    ),
    st.builds(evaluated, st.sampled_from(APPLICANTS), st.integers(0, 40)),
    st.builds(Joined, connection=_voice, role=st.just("operator"), seat=st.none() | _seat),
    st.builds(Left, connection=_voice),
    st.builds(ConsentGiven, seat=_seat, keep_audio_days=st.sampled_from((0.0, 1.5, 30.0))),
    st.builds(ConsentWithdrawn, seat=_seat),
    st.just(RoomConfirmed()),
    st.builds(Muted, track=_seat),
    st.builds(Unmuted, track=_seat),
    st.builds(Gap, track=_seat, start=st.just(1.0), end=st.just(3.5), reason=st.just("no_packets")),
    st.builds(Erased, seat=_seat, events=st.just(())),
    st.just(CLOSED),
    st.just(Unknown(body=msgspec.Raw(b'{"sky":1}'))),
    st.just(Blank()),
)
any_story = st.lists(
    st.tuples(st.sampled_from([*SEATS, "operator", SYSTEM]), any_event), max_size=40
).map(lambda events: story(CREATED, *events))


def _replaced(item: Entry, bodies: Mapping[int, Event | None]) -> Entry:
    if item.seq not in bodies:
        return item
    return msgspec.structs.replace(item, event=bodies[item.seq] or Blank())
