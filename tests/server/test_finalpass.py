"""The final pass over a kept room microphone: people hum, and are told apart by their tones."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio import RATE_HZ, Samples, samples
from pipeline.jobs import EngineError
from pipeline.speakers.models import Activity
from server.events import (
    SYSTEM,
    Event,
    Segment,
    SegmentVoiced,
    SessionClosed,
    SessionConfig,
    SessionCreated,
    UtteranceFinal,
    VoiceAssigned,
)
from server.finalpass import FinalPass
from server.hearing.voices import SessionVoices
from server.journal.sqlite.journal import SqliteJournal
from server.ledger import Ledger
from server.media.opus import Decoder
from server.media.opus_encoder import Encoder
from server.store.decoding import KeptSound
from server.store.protocol import Kept, StoreUnavailable
from server.store.voices import VoiceFiles
from tests.pipeline.speakers.tones import ToneModels, hum
from tests.server.store.memory import MemoryStore, keep

TRACK = "room-1"
BEGAN_S = 3.0
"""Session second at which the microphone was first heard."""
FRAME = 320


def packed(sound: Samples, start_s: float = BEGAN_S) -> list[Kept]:
    encoder = Encoder()
    return [
        Kept(round(start_s + at / RATE_HZ, 3), encoder.encode(sound[at : at + FRAME]))
        for at in range(0, sound.size - FRAME + 1, FRAME)
    ]


def line(name: str, start: float, end: float, voice: str | None) -> UtteranceFinal:
    words = tuple(
        (at, at + 0.4, "음", 0.9) for at in np.arange(start, end - 0.3, 0.5).round(3).tolist()
    )
    segment = Segment(
        segment=f"{name}.1", voice=voice, words=words, text_confidence=0.9, voice_confidence=0.5
    )
    return UtteranceFinal(utterance=name, track=TRACK, start=start, end=end, segments=(segment,))


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    journal = await asyncio.to_thread(SqliteJournal, tmp_path / "journal.sqlite3")
    ledger = Ledger("s1", journal, "holder", lambda: None)
    await ledger.claim()
    await happen(ledger, SessionCreated(config=SessionConfig()))
    yield ledger
    await ledger.close()
    await journal.close()


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    # A until second 13, then B until 23, then A again until 33; all from second 3 on.
    keep(store.record("s1", TRACK), packed(hum("A" * 18 + ".." + "B" * 18 + ".." + "A" * 20)))
    return store


@pytest.fixture
async def voices(ledger: Ledger, tmp_path: Path) -> AsyncIterator[SessionVoices]:
    voices = SessionVoices(ledger.session, ToneModels(), VoiceFiles(tmp_path), is_wanted=True)
    for name, tone in (("a", "A"), ("b", "B")):
        [embedding] = await ToneModels().embed([hum(tone * 4)])
        voices.gallery.enrol(name, embedding)
        await happen(ledger, VoiceAssigned(voice=name, seat=None, reason="enrolment"))
    yield voices
    await voices.end()


async def happen(ledger: Ledger, *events: Event, by: str = SYSTEM) -> None:
    await ledger.commit(lambda *_: events, by=by)


async def listened(
    ledger: Ledger, voices: SessionVoices, store: MemoryStore, models: ToneModels | None = None
) -> list[str]:
    """Let the pass run; return the types of what was journaled."""
    last = ledger.session.seq
    evaluated = []

    async def evaluate() -> None:
        evaluated.append(ledger.session.seq)

    await FinalPass(ledger, voices, store, models or ToneModels()).attempt(evaluate)
    found = [entry.event.type() for entry, _ in await ledger.entries_after(last)]
    assert bool(evaluated) == ("speakers_checked" in found)
    return found


async def test_what_was_heard_wrongly_is_put_right(
    ledger: Ledger, voices: SessionVoices, store: MemoryStore
) -> None:
    await happen(
        ledger,
        line("u1", 4.0, 11.0, "b"),
        line("u2", 14.0, 21.0, "b"),
        line("u3", 24.0, 31.0, None),
        SessionClosed(),
    )
    found = await listened(ledger, voices, store)
    assert (found[0], found[-1]) == ("speech", "speakers_checked")
    assert [spoken.segment.voice for spoken in ledger.session.spoken] == ["a", "b", "a"]
    checked = ledger.session.checked
    assert checked is not None
    assert (checked.method, checked.changed) == ("whole", 2)
    assert checked.through == pytest.approx(BEGAN_S + 30.0, abs=0.1)
    spans = [span for span in ledger.session.account.speech[TRACK] if span.voice == "b"]
    assert min(span.start for span in spans) == pytest.approx(13.0, abs=1.0)
    assert max(span.end for span in spans) == pytest.approx(22.0, abs=1.0)


async def test_a_line_of_two_voices_is_split(
    ledger: Ledger, voices: SessionVoices, store: MemoryStore
) -> None:
    await happen(ledger, line("u1", 9.0, 17.0, "a"), SessionClosed())
    assert "segment_split" in await listened(ledger, voices, store)
    assert [spoken.segment.voice for spoken in ledger.session.spoken] == ["a", "b"]


async def test_what_a_person_said_stands(
    ledger: Ledger, voices: SessionVoices, store: MemoryStore
) -> None:
    await happen(ledger, line("u1", 5.0, 8.0, "a"), SessionClosed())
    await happen(ledger, SegmentVoiced(segment="u1.1", voice="b"), by="operator")
    await listened(ledger, voices, store)
    assert [spoken.segment.voice for spoken in ledger.session.spoken] == ["b"]


async def test_without_a_room_microphone_there_is_nothing_to_hear(
    ledger: Ledger, voices: SessionVoices
) -> None:
    store = MemoryStore()
    keep(store.record("s1", "지원자_1"), packed(hum("AA")))
    await happen(ledger, SessionClosed())
    assert await listened(ledger, voices, store) == []


async def test_the_record_stays_when_models_or_sound_fail(
    ledger: Ledger, voices: SessionVoices, store: MemoryStore
) -> None:
    class Broken(ToneModels):
        async def activity(self, sound: Samples) -> Activity:
            raise EngineError("broken")

    await happen(ledger, line("u1", 4.0, 11.0, "b"), SessionClosed())
    assert await listened(ledger, voices, store, Broken()) == []
    store.is_broken = True
    assert await listened(ledger, voices, store) == []


async def test_a_microphone_whose_sound_cannot_be_read_takes_no_other_with_it(
    ledger: Ledger, voices: SessionVoices
) -> None:
    class Torn(MemoryStore):
        async def packets(self, session: str, track: str) -> AsyncIterator[Kept]:
            async for kept in super().packets(session, track):
                if track == "room-2" and kept.start_s > BEGAN_S + 2.0:
                    raise StoreUnavailable
                yield kept

    store = Torn()
    for track in (TRACK, "room-2"):
        keep(store.record("s1", track), packed(hum("A" * 18)))
    await happen(ledger, line("u1", 4.0, 11.0, "b"), SessionClosed())
    assert (await listened(ledger, voices, store))[-1] == "speakers_checked"
    assert [spoken.segment.voice for spoken in ledger.session.spoken] == ["a"]
    assert ledger.session.checked is not None
    assert ledger.session.checked.through == 0  # Not everything was heard.


async def test_kept_sound_is_heard_where_it_was_said_with_silence_in_gaps() -> None:
    store = MemoryStore()
    tone = hum("AA")
    keep(store.record("s1", TRACK), packed(tone, 5.0) + packed(tone, 20.0) + packed(tone, 20.5))
    sound = await KeptSound.open(store, "s1", TRACK)
    assert sound is not None
    assert sound.start_s == 5.0
    heard = np.concatenate([block async for block in sound.blocks()])
    assert heard.size == samples(16.0) + samples(0.5)  # What lies over the second is left out.
    loud = np.flatnonzero(np.abs(heard) > 0.1) / RATE_HZ
    assert loud[0] < 0.05
    assert not ((loud > 1.05) & (loud < 14.95)).any()


async def test_a_packet_that_cannot_be_decoded_is_silence() -> None:
    store = MemoryStore()
    good = packed(hum("AA"), 0.0)
    keep(store.record("s1", TRACK), [*good[:10], Kept(0.2, b"\xff\xff\xff"), *good[11:]])
    sound = await KeptSound.open(store, "s1", TRACK)
    assert sound is not None
    heard = np.concatenate([block async for block in sound.blocks()])
    assert heard.size == Decoder().decode(good[0].packet).size * len(good)


async def test_nothing_kept_is_no_sound() -> None:
    assert await KeptSound.open(MemoryStore(), "s1", TRACK) is None
